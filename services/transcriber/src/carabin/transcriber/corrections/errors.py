"""What can be wrong with a correction, drawn; no text here ever repeats one.

TranscriberError                 (core.errors)
* CorrectionRefused              it cannot be kept; the sentence says why
  x CorrectionsOff               the site keeps none
  x CorrectionMalformed          its JSON is no correction; the sentence names the fields
  x CorrectionTooLarge           its body is longer than that of the longest correction
* CorrectionsMisconfigured       the settings ask for corrections and leave out what protects them
"""

from ..core.errors import TranscriberError


class CorrectionRefused(TranscriberError):
    """A correction cannot be kept."""


class CorrectionsOff(CorrectionRefused):
    """The site keeps no corrections."""


class CorrectionMalformed(CorrectionRefused):
    """The body is no JSON of a correction."""


class CorrectionTooLarge(CorrectionRefused):
    """The body is longer than that of the longest correction."""


class CorrectionsMisconfigured(TranscriberError):
    """The settings ask for corrections and leave out what protects them."""
