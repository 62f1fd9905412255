"""`carabin dataset`: make, check and list datasets of dictations."""

from .command import app

__all__ = ["app"]
