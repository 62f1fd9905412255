"""French number words, written here for the tests: an oracle that shares nothing with the formatter's reader."""

_BELOW_TEN = ("zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf")
_TEENS = ("dix", "onze", "douze", "treize", "quatorze", "quinze", "seize", "dix-sept", "dix-huit", "dix-neuf")
_UNITS = _BELOW_TEN + _TEENS
_TENS = {20: "vingt", 30: "trente", 40: "quarante", 50: "cinquante", 60: "soixante", 80: "quatre-vingt"}


def spoken(value: int) -> str:
    """Return the words of a whole number below a thousand, in the spelling before the reform of 1990."""
    if value >= 100:
        hundreds, rest = divmod(value, 100)
        head = "cent" if hundreds == 1 else f"{_UNITS[hundreds]} cent" + ("s" if not rest else "")
        return head if not rest else f"{head} {spoken(rest)}"
    if value < 20:
        return _UNITS[value]
    base = max(tens for tens in _TENS if tens <= value)
    rest = value - base
    if not rest:
        return _TENS[base] + ("s" if base == 80 else "")
    if rest in (1, 11) and base != 80:
        return f"{_TENS[base]} et {_UNITS[rest]}"
    return f"{_TENS[base]}-{_UNITS[rest]}"
