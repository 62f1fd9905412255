"""Two numbers said in a row: read only where there is one way to cut them."""

import pytest
from carabin.transcriber.formatting.rules.pairs import Pair, is_ambiguous, read_pair

from ..matching import place


def _any(first: int, second: int) -> bool:
    return True


@pytest.mark.parametrize(
    ("said", "numbers", "tokens"),
    [
        ("|douze huit", (12, 8), 2),
        ("|douze-huit", (12, 8), 1),
        ("|cent trente quatre vingts", (130, 80), 4),
        ("|soixante dix quatre-vingt-dix-neuf", (70, 99), 3),
        ("|12 8", (12, 8), 2),
        ("|12-8", (12, 8), 3),
        ("|12 huit", (12, 8), 2),
        ("|douze 8", (12, 8), 2),
    ],
)
def test_pair_is_read_in_the_one_way_it_can_be_cut(said: str, numbers: tuple[int, int], tokens: int) -> None:
    stream, index = place(said)
    first, second = numbers
    assert read_pair(stream, index, lambda a, b: (a, b) == numbers) == Pair(first, second, index + tokens)


@pytest.mark.parametrize("written", ["|12,8", "|12.8"])
def test_decimal_that_may_be_a_pair_is_marked_as_one(written: str) -> None:
    stream, index = place(written)
    assert read_pair(stream, index, _any) == Pair(12, 8, index + 1, as_decimal=True)


@pytest.mark.parametrize(
    "said",
    [
        "|douze",
        "|vingt deux",  # One number.
        "|mille cent deux mille",  # 1000 and 102,000, or 1100 and 2000.
        "|douze huit trois",
        "|1234 8",
        "|12",
        "|12 nodules",
        "|12,8,3",
        "|douze huit-sept",
    ],
)
def test_one_number_three_or_a_doubtful_cut_is_no_pair(said: str) -> None:
    assert read_pair(*place(said), _any) is None


@pytest.mark.parametrize("said", ["|douze huit", "|12 8", "|12,8", "|douze 8", "|12 huit"])
def test_pair_that_is_not_plausible_is_none(said: str) -> None:
    assert read_pair(*place(said), lambda first, second: first < second) is None


def test_words_of_one_number_are_ambiguous_where_a_cut_is_plausible() -> None:
    stream, index = place("|quarante deux")
    assert is_ambiguous(stream, index, lambda degrees, tenths: (degrees, tenths) == (40, 2))
    assert not is_ambiguous(stream, index, lambda degrees, tenths: degrees + tenths > 50)
    assert not is_ambiguous(*place("|quarante-deux"), _any)
