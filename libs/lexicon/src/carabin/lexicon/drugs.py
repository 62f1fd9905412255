"""Which entries are drugs, whatever kind a list gives them: `build` and a plain list of words know none."""

import re
from functools import lru_cache
from typing import Final

from .entries import Entry

_STEM: Final = re.compile(
    r"(?:nib|mab|grastim|cept|limus|olol|pril|prilat|sartan|statine?|xaban|gatran|parine?|dipine?|tiazide|semide"
    r"|gliptine?|gliflozine?|glutide|glitazone|prazole?|conazole?|nidazole?|oxacine?|cycline?|cilline?|[mk]ycine?|micine?"
    r"|ciclovir|[tnl]avir|buvir|asvir|fovir|vudine?|platine?|taxel|rubicine?|ciclib|azépam|azolam|barbital|triptan|sétron"
    r"|oxétine?|profène?|coxib|dronate|lukast|curium|curonium|fentan[iy]l|tropium|térol|asone|olone|nisone)s?$"
)
"""Of the International Nonproprietary Names, in French."""


@lru_cache(maxsize=65_536)
def is_drug(entry: Entry) -> bool:
    """Say whether an entry is of the kind drug, or one of its words ends as the names of drugs do."""
    return entry.kind == "drug" or any(_STEM.search(word) for word in entry.text.casefold().split())
