"""Which keys the posting lists bring: those that share most bigrams with one, of lengths that fit."""

import random

import pytest
from carabin.lexicon.bigrams import MIN_SHARED, MIN_SIMILARITY, MOST_NEAR, Bigrams

RNG = random.Random(3)
KEYS = ["".join(RNG.choice("abekolrst") for _ in range(RNG.randint(1, 14))) for _ in range(4000)]
BIGRAMS = Bigrams(KEYS)


def bigrams(key: str) -> set[str]:
    padded = f"^{key}$"
    return {padded[place : place + 2] for place in range(len(padded) - 1)}


def near_by_definition(key: str) -> set[int]:
    shared = {
        place: len(bigrams(key) & bigrams(other))
        for place, other in enumerate(KEYS)
        if abs(len(other) - len(key)) <= (1 - MIN_SIMILARITY) * max(len(other), len(key))
    }
    enough = [place for place, count in shared.items() if count >= max(1.0, MIN_SHARED * len(bigrams(key)))]
    return set(sorted(enough, key=lambda place: -shared[place])[:MOST_NEAR])


@pytest.mark.parametrize("key", ["kosta", "aberol", "tretaskol", "lekabolastero", "oo", "srak"])
def test_near_keys_are_those_that_share_most_bigrams_the_first_of_equal_ones(key: str) -> None:
    found = BIGRAMS.near(key)
    assert len(found) == len(set(found))
    assert set(found) == near_by_definition(key)


def test_sounds_that_no_key_has_and_keys_much_too_long_find_nothing() -> None:
    assert BIGRAMS.near("zyzyzy") == []
    assert BIGRAMS.near("kosta" * 20) == []


def test_no_keys_find_nothing() -> None:
    assert Bigrams([]).near("kosta") == []
