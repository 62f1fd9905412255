"""`carabin dictate`: a file or the microphone to a server."""

from .command import app

__all__ = ["app"]
