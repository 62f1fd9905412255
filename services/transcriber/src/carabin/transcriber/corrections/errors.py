"""What can be wrong with a correction, drawn; no text here ever repeats one.

TranscriberError                 (core.errors)
* CorrectionRefused              it cannot be kept; the sentence says why
  x CorrectionsOff               the site keeps none
* CorrectionsMisconfigured       the settings ask for corrections and leave out what protects them
"""

from ..core.errors import TranscriberError


class CorrectionRefused(TranscriberError):
    """A correction cannot be kept."""


class CorrectionsOff(CorrectionRefused):
    """The site keeps no corrections."""


class CorrectionsMisconfigured(TranscriberError):
    """The settings ask for corrections and leave out what protects them."""
