"""How much an entry must sound like what was written before it may replace it: every threshold of the merge.

All are normalised Levenshtein similarities of phonetic keys, 0 to 1. What each of them costs and saves is measured in
docs/lexicon.md; libs/lexicon/tests/test_harm.py holds a change of them to real decodes.
"""

from typing import Final

RARE_SIMILARITY: Final = 0.5
"""Where the first decode wrote a word that French does not have: it is wrong anyway."""
DRUG_SIMILARITY: Final = 0.7
"""For a drug: « ses trossettes » of a recipe is 0.63 like the brand Cerazette."""
COMMON_SIMILARITY: Final = 0.75
"""Where it wrote common words only: they may be what was said."""
FRENCH_SIMILARITY: Final = 0.9
"""Where it wrote a rarer word of French: « hypoxémie » is not written by accident, and « hypocalcémie »
is 0.7 like it."""
SURE_SIMILARITY: Final = 0.85
"""Where it wrote words that French does not have, and an entry sounds so much alike, the audio cannot say more, and no
second decode is asked for."""
SURE_DRUG_SIMILARITY: Final = 1.0
"""The same for a drug: « rocuronium » is 0.8 like « vecuronium »."""
