"""`carabin lexicon`: the hospital's own words, from its reports into use, without training."""

from .command import app

__all__ = ["app"]
