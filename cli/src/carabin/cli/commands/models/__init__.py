"""`carabin models`: list, compare, promote and roll back model versions."""

from .commands import app

__all__ = ["app"]
