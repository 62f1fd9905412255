"""A real store for the commands that need one."""

import re

from carabin.registry.testing.fixtures import s3_environment, s3_settings

__all__ = ["s3_environment", "s3_settings", "words"]


def words(text: str) -> str:
    """What a terminal's text says, whatever its width, its colours and its frames."""
    plain = re.sub(r"\x1b\[[0-9;]*m|[│┃╭╮╰╯─━]", " ", text)
    return " ".join(plain.split())
