"""What can be wrong with a lexicon.

CarabinError
└── LexiconInvalid      a file is no lexicon; the text names the line and what to do
"""

from carabin.registry.errors import CarabinError


class LexiconInvalid(CarabinError):
    """A file cannot be a lexicon."""
