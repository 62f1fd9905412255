"""How the page is set: French typography, or plain text that any record system stores unharmed."""

from dataclasses import dataclass
from typing import Final

from .tokens import NBSP, THIN_NBSP


@dataclass(frozen=True, slots=True)
class Style:
    """The spaces and quotes of one kind of output."""

    thin: str
    """Before ; ? ! % and symbols of units, inside quotes."""
    colon: str
    """Before the colon."""
    opening_quote: str
    closing_quote: str
    quote_space: str
    ellipsis: str
    grouping: bool
    """Thousands are separated by thin spaces."""

    def before(self, sign: str) -> str:
        """Return what stands between a word and this sign."""
        if sign == ":":
            return self.colon
        return self.thin if sign in ";?!" else ""


FRENCH: Final = Style(THIN_NBSP, NBSP, "«", "»", THIN_NBSP, "…", grouping=True)
PLAIN: Final = Style(" ", " ", '"', '"', "", "...", grouping=False)
"""Every character that we add is in Latin-1 and every space is an ordinary one."""
