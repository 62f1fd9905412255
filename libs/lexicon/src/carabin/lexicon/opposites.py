"""Words that differ in the part that makes another finding of them: « microcytaire » and « macrocytaire »."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from rapidfuzz.distance import Levenshtein

PREFIXES: Final = (
    frozenset(
        {"hyper", "hypo", "iso", "normo", "eu", "dys", "macro", "micro", "mega", "tachy", "brady", "poly", "oligo"}
    ),
    frozenset({"mono", "bi", "tri", "uni", "multi", "poly", "oligo", "pauci", "hemi", "para", "tetra", "quadri"}),
    frozenset(
        {
            *("intra", "extra", "inter", "juxta", "trans", "para", "peri", "endo", "exo", "ecto", "epi"),
            *("sus", "sous", "sub", "sur", "super", "supra", "infra"),
            *("pre", "per", "post", "ante", "retro", "antero", "postero"),
        }
    ),
    frozenset({"dextro", "levo", "sinistro"}),
    frozenset({"abduc", "adduc"}),
)
"""Without accents; two of a group make two findings of the same rest. The first are of how much, the others of how
many, where and to which side."""
OPPOSING_PREFIXES: Final = frozenset().union(*PREFIXES)
ENDINGS: Final = (
    frozenset({"stomie", "tomie", "ectomie", "plastie", "scopie", "graphie", "rraphie", "pexie"}),
    frozenset({"ite", "ose", "ome"}),
    frozenset({"emie", "urie"}),
    frozenset({"plegie", "paresie"}),
)
"""The same of what a word ends with: an operation, a disease, blood or urine."""
MIN_REST: Final = 3
"""Letters of what both share: a shorter rest is an accident (« perte », « posture »)."""
LIKE_REST: Final = 0.6
"""How much the rests must agree, in letters: the first decode may have misspelt the one it wrote."""
CACHED: Final = 16_384
"""Phrases; a sentence has some tens of spans, each beside some entries."""


def is_opposite(written: str, entry: str) -> bool:
    """Say whether a word of an entry is one that was written, with a prefix or an ending that opposes the one written.

    Args:
        written: words of a transcript, folded.
        entry: an entry's text, folded.
    """
    theirs = _parts(entry)
    ours = _parts(written) if theirs else ()
    return any(
        part != other
        and is_prefix == other_is_prefix
        and _oppose(part, other, is_prefix)
        and _is_like(rest, other_rest)
        for part, rest, is_prefix in ours
        for other, other_rest, other_is_prefix in theirs
    )


def _oppose(part: str, other: str, is_prefix: bool) -> bool:
    return any(part in group and other in group for group in (_PREFIXES if is_prefix else _ENDINGS))


def _is_like(rest: str, other: str) -> bool:
    return Levenshtein.normalized_similarity(rest, other) >= LIKE_REST


@lru_cache(maxsize=CACHED)
def _parts(phrase: str) -> tuple[tuple[str, str, bool], ...]:
    """Return (prefix or ending, the rest, which of both) of the words of a phrase, written together or apart."""
    words = [_letters(word) for word in phrase.split()]
    found: list[tuple[str, str, bool]] = []
    for start in range(len(words)):
        if opening := _OPENING.match("".join(words[start:])):
            joins = ("".join(words[start:end]) for end in range(start + 1, len(words) + 1))
            found += [(opening.group(), join[opening.end() :], True) for join in joins]
    for end in range(1, len(words) + 1):
        if closing := _CLOSING.search(_stem("".join(words[:end]))):
            stems = (_stem("".join(words[start:end])) for start in range(end))
            found += [(closing.group(), stem.removesuffix(closing.group()).rstrip("o"), False) for stem in stems]
    return tuple(part for part in found if len(part[1]) >= MIN_REST)


@lru_cache(maxsize=CACHED)
def _letters(word: str) -> str:
    """Return the letters of a word without what sounds alike: « hipo » begins as « hypo », « makro » as « macro »."""
    plain = [char for char in unicodedata.normalize("NFD", word.casefold()) if char.isalpha() and char != "h"]
    said = "".join(plain).replace("y", "i").replace("k", "c")
    return _DOUBLED.sub(r"\1", said)


def _stem(letters: str) -> str:
    """Return a word without what is mute at its end."""
    return letters.rstrip("s").removesuffix("e")


def _spelled(groups: Iterable[frozenset[str]]) -> list[frozenset[str]]:
    return [frozenset(map(_letters, group)) for group in groups]


def _longest_of(groups: Iterable[frozenset[str]]) -> str:
    return "|".join(sorted(frozenset().union(*groups), key=lambda part: (-len(part), part)))


_DOUBLED: Final = re.compile(r"(.)\1+")
_PREFIXES: Final = _spelled(PREFIXES)
_ENDINGS: Final = [frozenset(map(_stem, group)) for group in _spelled(ENDINGS)]
_OPENING: Final = re.compile(_longest_of(_PREFIXES))
_CLOSING: Final = re.compile(f"(?:{_longest_of(_ENDINGS)})$")
