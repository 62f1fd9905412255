"""One spelling for every unit that French reports use; magnitudes are never converted (µg stays µg)."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

UNITS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "mmhg": ("millimètres de mercure", "millimètre de mercure", "mm de mercure", "mm hg", "mmhg"),
        "cmh2o": ("centimètres d'eau", "cm d'eau", "cmh2o"),
        "mm3": ("millimètres cubes", "millimètre cube", "mm cube", "mm3", "mm³"),
        "kg": ("kilogrammes", "kilogramme", "kilos", "kilo", "kg"),
        "mg": ("milligrammes", "milligramme", "mg"),
        "µg": ("microgrammes", "microgramme", "mcg", "µg", "ug", "gamma"),
        "ng": ("nanogrammes", "nanogramme", "ng"),
        "g": ("grammes", "gramme", "gr", "g"),
        "µmol": ("micromoles", "micromole", "µmol", "umol"),
        "mmol": ("millimoles", "millimole", "mmol"),
        "ml": ("millilitres", "millilitre", "ml", "cc"),
        "dl": ("décilitres", "décilitre", "dl"),
        "l": ("litres", "litre", "l"),
        "ui": ("unités internationales", "unité internationale", "u.i.", "ui"),
        "u": ("unités", "unité", "u"),
        "bpm": ("battements par minute", "battement par minute", "bpm"),
        "mm": ("millimètres", "millimètre", "mm"),
        "cm": ("centimètres", "centimètre", "cm"),
        "km": ("kilomètres", "kilomètre", "km"),
        "m": ("mètres", "mètre", "m"),
        "gy": ("grays", "gray", "gy"),
        "°": ("degrés celsius", "degré celsius", "degrés c", "°c", "degrés", "degré", "°"),
        "min": ("minutes", "minute", "min", "mn"),
        "h": ("heures", "heure", "h"),
        "j": ("jours", "jour", "j"),
        "sem": ("semaines", "semaine", "sem"),
        "%": ("pour cent", "pourcent", "pourcents", "%"),
    }
)
"""The folded form of a unit, and what voices and hands make of it."""

_FOLDED: Final = {spelling: unit for unit, spellings in UNITS.items() for spelling in spellings}
_UNIT = "|".join(re.escape(spelling) for spelling in sorted(_FOLDED, key=len, reverse=True))
_MEASURE = re.compile(
    rf"(?<![\w,])(?P<number>\d+(?:,\d+)?)\s*(?P<unit>{_UNIT})(?P<per>(?:\s*/\s*(?:{_UNIT})|\s+par\s+(?:{_UNIT}))*)(?![\w])"
)
_PER = re.compile(rf"(?:\s*/\s*|\s+par\s+)({_UNIT})(?!\w)")
_PER_CUBIC = re.compile(r"\s*(?:/\s*|\bpar )(?:millimètres? cubes?|mm cubes?|mm3|mm³)(?!\w)")
_PER_ALONE = re.compile(rf"(?<=\d)\s*(?:/\s*|\bpar )({_UNIT})(?!\w)")


FOLDED: Final = frozenset(UNITS)
"""The units that `fold_units` writes, alone or joined by « / »."""


def fold_units(text: str) -> str:
    """Write each measure as « number unit » or « number unit/unit », and « 3 par jour » as « 3 /j ».

    `text` is lower case with decimal commas.
    """
    text = _PER_ALONE.sub(lambda match: f" /{_FOLDED[match[1]]}", _PER_CUBIC.sub(" /mm3", text))
    return _MEASURE.sub(_folded, text)


def _folded(match: re.Match[str]) -> str:
    units = [_FOLDED[match["unit"]], *(_FOLDED[unit] for unit in _PER.findall(match["per"]))]
    return f"{match['number']} {'/'.join(units)}"
