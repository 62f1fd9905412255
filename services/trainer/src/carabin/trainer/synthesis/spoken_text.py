"""What a voice must say so that a listener would write the label: « 5 mg/L » is said « 5 milligrammes par litre »."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

SPOKEN_UNITS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "µg": "microgrammes", "mg": "milligrammes", "ng": "nanogrammes", "kg": "kilos", "g": "grammes",
        "mL": "millilitres", "dL": "décilitre", "L": "litres", "µmol": "micromoles", "mmol": "millimoles",
        "UI": "unités internationales", "mmHg": "millimètres de mercure", "mm": "millimètres", "cm": "centimètres",
        "Gy": "grays", "h": "heures", "min": "minutes", "j": "jour", "%": "pour cent", "°C": "degrés",
    }
)  # fmt: skip
_SINGULAR: Final = {"mL": "millilitre", "L": "litre", "kg": "kilo", "h": "heure", "min": "minute", "j": "jour"}
_UNIT = "|".join(sorted(map(re.escape, SPOKEN_UNITS), key=len, reverse=True))
_MEASURE = re.compile(rf"(?<=\d)\s*({_UNIT})((?:/(?:{_UNIT}))*)(?!\w)")

_LIGATURES: Final = (
    ("cœu", "keu"),
    ("Cœu", "Keu"),
    ("œu", "eu"),
    ("Œu", "Eu"),
    ("œil", "euil"),
    ("œ", "é"),
    ("Œ", "É"),
)
"""The Pico voice does not know the ligature; these spellings make it say the right sounds."""

_SPELLED: Final = (("NIHSS", "N I H S S"), ("D-dimères", "dé-dimères"), ("T-score", "té-score"))


def spoken(sentence: str) -> str:
    """Return `sentence` with measures, ratios, vertebrae and ligatures spelled as they sound in French."""
    for written, said in (*_SPELLED, *_LIGATURES):
        sentence = sentence.replace(written, said)
    sentence = re.sub(r"(\d)/(?=\d)", r"\1 sur ", sentence)
    sentence = re.sub(r"\b([CDLST]\d{1,2})-(?=[CDLST]\d)", r"\1 ", sentence)
    sentence = _MEASURE.sub(_said, sentence)
    return re.sub(r"(?<=\w)-(?=\w)", " ", sentence)  # the voice would read « trait d'union »


def _said(match: re.Match[str]) -> str:
    per = [unit for unit in match[2].split("/") if unit]
    return " " + " par ".join([SPOKEN_UNITS[match[1]], *(_SINGULAR.get(unit, SPOKEN_UNITS[unit]) for unit in per)])
