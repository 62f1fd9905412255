"""The `carabin` entry point, also as `python -m carabin.cli`."""

import sys

from .main import main


def run() -> None:
    """Exit with the command's own code."""
    sys.exit(main())


if __name__ == "__main__":
    run()
