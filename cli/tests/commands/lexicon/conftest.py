"""Running `carabin lexicon`."""

from carabin.cli.commands import lexicon
from typer.testing import CliRunner


def run(*arguments: str) -> str:
    result = CliRunner().invoke(lexicon.app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output
