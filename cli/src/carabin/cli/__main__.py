"""The `carabin` entry point, also as `python -m carabin.cli`."""

import sys

from carabin.service.output import never_lose_output

from .main import main


def run() -> None:
    """Exit with the command's own code."""
    never_lose_output()
    sys.exit(main())


if __name__ == "__main__":
    run()
