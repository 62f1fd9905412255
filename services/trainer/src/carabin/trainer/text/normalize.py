"""The French medical normaliser: two writings of the same spoken words become equal, different words stay different.

Whisper's own `BasicTextNormalizer` deletes « (ST) » and « % », and splits « 8,5 » in two; here they are kept.
Accents are kept too; `fold_accents` gives the insensitive variant.
"""

import re
import unicodedata
from typing import Final

from text_to_num import alpha2digit

from .units import fold_units

_LIGATURES: Final = str.maketrans({"œ": "oe", "æ": "ae", "’": "'", "ʼ": "'", "`": "'", "´": "'", "μ": "µ"})
_MINUS = re.compile(r"(?<![\w)])[-−–](?=\d)")
_PERCENT = re.compile(r"\bpour\s?cents?\b|(?<=\d)%")
_SIGN = re.compile(r"(?<![-=<>])(?:([<>])(=?)|([≤≥]))(?![-=<>])(?: ?à(?= ?[-−–]?\d))?")
_COMPARED = re.compile(r"\b(inf|sup)érieure?s?( ou ég(?:ale?s?|aux))? à(?= (?:moins )?\d)")
_THOUSANDS = re.compile(r"(?<![\d,.])([1-9]\d{0,2})((?: \d{3})+)(?!\d)")
_DOTTED = re.compile(r"(?<![\d,])\d+(?:\.\d+)+")
_DOTTED_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+")
_SPOKEN_COMMA = re.compile(r"(\d)\s+virgule\s+(?=\d)")
_CLOCK = re.compile(r"(?<![\w,])(\d{1,2})\s?h\s?(\d{2})(?!\w)")
_RATIO = re.compile(r"(?<![\d,])(\d{1,3})\s*(?:/|\bsur\b)\s*(?=\d{1,3}(?![\d,]))")
_VERTEBRA = re.compile(r"(?<![\w'])([cdtls]) ?[-.]?(\d{1,2})(?![\w,])(?! (?:mg|g|ml|mm|cm|%)\b)")
_ORDINAL = re.compile(r"\b(\d+)\s?(?:ère|ères|ers?|re|ème|èmes|e|es|nde?|eme)\b")
_ABBREVIATIONS: Final = {
    "dr": "docteur", "pr": "professeur", "mme": "madame", "mlle": "mademoiselle",
    "n°": "numéro", "nº": "numéro", "+": "plus",
}  # fmt: skip
_ABBREVIATION = re.compile(r"(?<![\w+])(?:dr|pr|mme|mlle)\b\.?|n[°º]|(?<!\w)\+(?=\s|\d|$)")
_NOT_ELIDED: Final = {"aujourd'hui": "aujourdhui", "prud'homme": "prudhomme", "quelqu'un": "quelquun"}
_TOKEN = re.compile(r"\d+e(?!\w)|\d+(?:[.,]\d+)?|[^\W\d_]+(?:\d+)?|[%°µ/]+[^\W\d_]*\d?|[^\W_]+")


def normalize(text: str) -> str:
    """Return the words of `text` as they are compared: lower case, single spaces, numbers in digits, folded units.

    Elisions are words of their own (« l'œdème » gives « l oedème »); parentheses and quotes go, their content stays.
    """
    text = unicodedata.normalize("NFC", text).lower().translate(_LIGATURES)
    text = re.sub(r"[\s\u00a0\u202f]+", " ", text)
    for written, joined in _NOT_ELIDED.items():
        text = text.replace(written, joined)
    text = _ABBREVIATION.sub(lambda match: f" {_ABBREVIATIONS.get(match[0].rstrip('.'), match[0])} ", text)
    return " ".join(_tokens(fold_units(_numbers(text))))


def words(text: str) -> list[str]:
    """Return the normalised words."""
    return normalize(text).split()


def fold_accents(text: str) -> str:
    """Return `text` without accents and cedillas, for a score that forgives them; µ and ° stay."""
    decomposed = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(mark for mark in decomposed if not unicodedata.combining(mark)))


def _numbers(text: str) -> str:
    """Write numbers in digits, with a decimal comma and without separators of thousands."""
    text = _PERCENT.sub(" %", text)
    text = _SIGN.sub(_spoken_sign, text)
    text = _MINUS.sub("moins ", text)
    text = str(alpha2digit(text, "fr", 0))  # a threshold of 0 folds « un » and « deux » too, on both sides alike
    text = _COMPARED.sub(lambda match: f"{match[1]}érieur{' ou égal' if match[2] else ''} à", text)
    text = _THOUSANDS.sub(lambda match: match[0].replace(" ", ""), text)
    text = _DOTTED.sub(_without_dots, text)
    text = _SPOKEN_COMMA.sub(r"\1,", text)
    text = _CLOCK.sub(r"\1 h \2", text)
    text = _RATIO.sub(r"\1/", text)
    text = _ORDINAL.sub(r"\1e", text)
    return _VERTEBRA.sub(r"\1\2 ", text)


def _spoken_sign(match: re.Match[str]) -> str:
    smaller, or_equal = match[0][0] in "<≤", match[2] or match[3]
    return f" {'inférieur' if smaller else 'supérieur'}{' ou égal' if or_equal else ''} à "


def _without_dots(match: re.Match[str]) -> str:
    """Write « 0.125 » as « 0,125 » and « 1.250.000 » as « 1250000 »; « 1.250 » stays as it is.

    It may be 1,25 or 1250, and equal to either of them would hide a dose a thousand times too high or too low.
    """
    number, following = match[0], match.string[match.end() : match.end() + 2]
    has_decimals = re.fullmatch(r",\d", following)
    if not _DOTTED_THOUSANDS.fullmatch(number):
        return number.replace(".", ",")
    return number.replace(".", "") if has_decimals or number.count(".") > 1 else number


def _tokens(text: str) -> list[str]:
    tokens = []
    for piece in text.split():
        if re.fullmatch(r"[.,;:!?()«»\"']*(?:\d{1,3}(?:/\d{1,3})+)[.,;:!?()«»\"']*", piece):
            tokens.append(piece.strip(".,;:!?()«»\"'"))
        elif re.fullmatch(r"(?:[^\W\d_]|[°%µ])+\d?(?:/[^\W\d_]+\d?)+[.,;:!?()]*", piece):
            tokens.append(piece.rstrip(".,;:!?()"))
        else:
            tokens += [token for token in _TOKEN.findall(piece) if token != "/"]
    return tokens
