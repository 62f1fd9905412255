"""Which version is in production: a pure function over the tags and the promotion log."""

from collections.abc import Mapping
from dataclasses import dataclass

Tags = Mapping[str, str]


@dataclass(frozen=True)
class Decision:
    """What the tags say."""

    version: str | None
    """The holder of production; None when nobody holds it, and then the active model stays."""
    rivals: tuple[str, ...] = ()
    """Other versions that are tagged production too: a conflict to report."""
    pending: str | None = None
    """The newest promotion's version while its tag is still missing: a promotion cut off half-way."""


def resolve(tags_by_version: Mapping[str, Tags], log_head: str | None = None) -> Decision:
    """Choose the production version.

    One holder wins, numbered or not, so that a tag set by hand works. Of several, the highest promotion number wins,
    a missing or unreadable one counting lowest, then the greatest version.

    Args:
        tags_by_version: the tags of every visible version's manifest.
        log_head: the version named by the newest promotion record.
    """
    holders = sorted(
        (version for version, tags in tags_by_version.items() if tags.get("stage") == "production"),
        key=lambda version: (promotion_number(tags_by_version[version]), version),
        reverse=True,
    )
    pending = log_head if log_head in tags_by_version and log_head not in holders else None
    if not holders:
        return Decision(version=None, pending=pending)
    return Decision(version=holders[0], rivals=tuple(holders[1:]), pending=pending)


def promotion_number(tags: Tags) -> int:
    """Return the promotion number in `tags`, or -1 where there is none that reads as one."""
    text = tags.get("promotion-seq", "")
    return int(text) if text.isascii() and text.isdigit() else -1
