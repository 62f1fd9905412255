"""What reads as one number and may be two: « cinquante trois fois » is 50, three times, or 53 times."""

from collections.abc import Sequence
from typing import Final

from ..numbers import Number, cardinal, is_number_word, starts_number
from ..stream import Stream
from ..tables import words
from ..tokens import Kind
from .context import is_complete, is_counted, is_frequency
from .pairs import is_ambiguous

_RATIOS: Final = (("fois", "la", "normale"), ("fois", "la", "limite"), ("fois", "le", "taux"))
"""« à deux virgule cinq fois la normale » is a ratio: nobody takes anything so often."""

_LOWEST_STRENGTH: Final = 20
"""A number that can stand before a count and be heard as one with it: « vingt deux », « cent un », « mille trois »."""

_COUNTS: Final = range(1, 10)
"""How many are taken at once, or how often, where the number is a part of a longer one."""

_SHORTEST_NOUN: Final = 4
"""Letters of a plural that is counted; « pas », « cas » and « vs » are none."""


def may_be_two(stream: Stream, index: int, numbers: Sequence[Number]) -> bool:
    """Return whether the numbers from `index`, which have no unit, hold one that may be two.

    Args:
        numbers: one, or those of a range such as « cinquante trois à quatre fois ».
    """
    end = numbers[-1].end
    starts = [index, *(number.end + 1 for number in numbers[:-1])]
    return any(
        _hides_comma(stream, number, end) if "," in number.text else _hides_count(stream, start, end)
        for start, number in zip(starts, numbers, strict=True)
        if number.spoken
    )


def _hides_comma(stream: Stream, number: Number, end: int) -> bool:
    """« quarante virgule un comprimé », « soixante virgule trois enfants »: « virgule » may be a sign."""
    last, before = stream[number.end - 1], stream[number.end - 2]
    if last.key == "une" or _is_things(stream, end):
        return True
    one_by_one = cardinal(last.key) in _COUNTS and is_number_word(before) and before.key != "zéro"
    return one_by_one and is_frequency(stream, end)


def _is_things(stream: Stream, index: int) -> bool:
    """Return whether a counted noun, or another plural that is no unit, stands at `index`."""
    lists, token = words(), stream[index]
    if token.key in lists["measuring"] or any(stream.matches(index, ratio) for ratio in _RATIOS):
        return False
    if is_counted(stream, index) or token.key in lists["dose_form"]:
        return True
    if token.kind is not Kind.WORD or len(token.key) < _SHORTEST_NOUN or not token.key.endswith(("s", "x")):
        return False
    if is_complete(stream, index) or starts_number(token):
        return False
    return not any(token.key in lists[name] for name in ("link", "large", "power", "no_thing"))


def _hides_count(stream: Stream, start: int, end: int) -> bool:
    """« mille un comprimé », « huit cent cinquante trois fois par jour », « deux cents cinq jours sur sept »."""
    lists, noun = words(), stream[end].key
    if noun in lists["treated"]:
        counted = stream[start - 1].key not in lists["duration_before"]
    else:
        counted = noun in lists["taken"] or noun in lists["dose_form"] or is_frequency(stream, end)
    if not counted:
        return False
    one = stream[end - 1].key in ("un", "une") and stream[end - 2].key == "et" and noun in lists["dose_form"]
    if one and not noun.endswith("s"):
        return True
    return is_ambiguous(stream, start, lambda strength, count: strength >= _LOWEST_STRENGTH and count in _COUNTS)
