"""Which words of a transcript an entry may stand for, and how much it must sound like them."""

import unicodedata
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from rapidfuzz.distance import Levenshtein

from .common import is_common, is_french
from .drugs import is_drug
from .entries import Entry, fold
from .opposites import OPPOSING_PREFIXES, is_opposite
from .phonetics import VOWELS, phonetic_key
from .thresholds import COMMON_SIMILARITY, DRUG_SIMILARITY, FRENCH_SIMILARITY, RARE_SIMILARITY
from .words import TextWord

REVERSING: Final = frozenset(
    {"a", "an", "anti", "de", "des", "dis", "dys", "hyper", "hypo", "im", "in", "ir", "mal", "non"}
)
"""Prefixes, without accents, that make another finding of a word."""
DROPPED: Final = frozenset(
    {"anti", "des", "dex", "dys", "es", "hyper", "hypo", "in", "levo", "li", "nor", "non", "peg"}
)
"""Prefixes that make another drug or finding of an entry, which is then not what was said: « escitalopram »."""
OF_DRUGS: Final = frozenset({"des", "dex", "es", "levo", "nor"})
"""Prefixes that make another drug of an entry's rest: what sounds like the rest is not the entry."""
MIN_REST: Final = 6
"""Letters of such a rest: a shorter one is no drug (« escarre »)."""
MAX_SPAN: Final = 5
"""Words of the first decode that one entry may stand for."""


@dataclass(frozen=True, slots=True)
class Span:
    """Words of the first transcript, from `start` to `end`, for which an entry might stand."""

    start: int
    end: int
    phrase: str
    sounds: str
    least: float
    """How much an entry must sound like them."""


def replaceable_spans(old: Sequence[TextWord], known: Container[str]) -> list[Span]:
    """Return every span of one to five words without a protected word and without one of the lexicon.

    One common word alone stays: « candidats » sounds exactly as « candida » does, « coucher » as « couchée ».
    """
    spans: list[Span] = []
    for start in range(len(old)):
        for end in range(start + 1, min(start + MAX_SPAN, len(old)) + 1):
            if is_protected(old[end - 1]) or old[end - 1].key in known:
                break
            if end == start + 1 and is_common(old[start].text):
                continue
            phrase = _phrase(old[start:end])
            if phrase not in known:
                spans.append(Span(start, end, phrase, phonetic_key(phrase), _least(old[start:end])))
    return spans


def best_span(spans: Iterable[Span], floor: int, entry: Entry, article: str) -> tuple[Span, str] | None:
    """Return the words that sound most like the entry, and its text, with the article where that fits better."""
    forms = forms_of(entry, article)
    folded, best, most = fold(entry.text), None, 0.0
    for span in spans:
        if span.start < floor:
            continue
        least = least_of(span, entry)
        for key, written in forms:
            similarity = Levenshtein.normalized_similarity(span.sounds, key, score_cutoff=max(least, most))
            if similarity >= least and similarity > most:
                if is_kept(span, entry, folded):
                    break
                best, most = (span, written), similarity
    return best


def least_of(span: Span, entry: Entry) -> float:
    """Return how much the entry must sound like the span to stand for it."""
    return max(span.least, DRUG_SIMILARITY) if is_drug(entry) else span.least


def is_kept(span: Span, entry: Entry, folded: str) -> bool:
    """Say whether what was written is the entry in another form, or as well spelled, so that it stays."""
    if _is_inflected(span.phrase, folded) or _is_reversed(span.phrase, folded) or _is_another_drug(span, folded):
        return True
    # « pré » and « péri » at the beginning of a drug's name say nothing of it: « préindopril » is misspelt.
    if not is_drug(entry) and is_opposite(span.phrase, folded):
        return True
    parts = (span.phrase, *span.phrase.split())
    return not entry.count and any(_is_as_well_spelled(part, folded) for part in parts)


def forms_of(entry: Entry, article: str) -> list[tuple[str, str]]:
    """Return how the entry may sound, and what is then written."""
    forms = [(phonetic_key(form), entry.text) for form in (entry.text, *entry.spoken)]
    if article and (not article.endswith("'") or entry.text[0].casefold() in f"{VOWELS}h"):
        with_article = article + ("" if article.endswith("'") else " ") + entry.text
        forms.append((phonetic_key(with_article), with_article))
    return forms


def _is_inflected(written: str, entry: str) -> bool:
    """Say whether the entry is a word that was written, in another number or gender.

    A mute « e » behind what French does not have may be a misspelt drug (« bisoprolole »).
    """
    if any(word.rstrip("sx") == entry.rstrip("sx") for word in (written, *written.split())):
        return True
    return is_french(written) and written.rstrip("sx").rstrip("e") == entry.rstrip("sx").rstrip("e")


def _is_reversed(written: str, entry: str) -> bool:
    """Say whether the entry is a word that was written, with a prefix that was not, or without the one that was.

    « la normale » is not « anormale », and « escitalopram » not « citalopram ».
    """
    words = [_without_accents(word) for word in written.split()]
    plain = _without_accents(entry)
    ends = [word for word in words if len(word) > 3 and plain.endswith(word)]
    for word in ends:
        before = plain.removesuffix(word)
        prefix = before.rstrip("-")
        if prefix in words:
            continue
        # « cétamol », which is no word, may be a part of « paracétamol ».
        if prefix in REVERSING or (prefix in OPPOSING_PREFIXES and (prefix != before or is_french(word))):
            return True
    dropped = [word.removesuffix(plain).rstrip("-") for word in words if word.endswith(plain)]
    return any(prefix in DROPPED or prefix in OPPOSING_PREFIXES for prefix in dropped)


def _is_another_drug(span: Span, entry: str) -> bool:
    """Say whether what was written sounds more like the entry without its prefix, which is another drug.

    « citalopramme » is not « escitalopram », nor is « et citalopramme », though the two sound nearly alike.
    """
    plain, away = _without_accents(entry), Levenshtein.distance(span.sounds, phonetic_key(entry))
    *_, behind = f" {span.phrase}".split(" et ")
    for prefix in OF_DRUGS:
        rest = entry[len(prefix) :]
        if not plain.startswith(prefix) or len(rest) < MIN_REST or rest.startswith("s"):  # as in « essoufflement »
            continue
        sounds = phonetic_key(rest)
        if Levenshtein.distance(span.sounds, sounds) < away:
            return True
        if prefix == "es" and Levenshtein.distance(phonetic_key(behind), sounds) <= away:
            return True
    return False


def _without_accents(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))


def _is_as_well_spelled(written: str, entry: str) -> bool:
    """Say whether both are the same letters, and the entry, which no report of the hospital holds, has no more accents.

    Open lists leave accents out (« mesalazine ») and hyphens in (« sacro-iliite »): what was written is no mistake.
    """
    ours, theirs = (unicodedata.normalize("NFD", text) for text in (written, entry))
    letters = [[char for char in text if char.isalpha()] for text in (ours, theirs)]
    accents = [sum(map(bool, map(unicodedata.combining, text))) for text in (ours, theirs)]
    return letters[0] == letters[1] and accents[0] >= accents[1]


def _least(words: Sequence[TextWord]) -> float:
    """Return how much the keys must agree before an entry may stand for the words."""
    rarer = [word.text for word in words if not is_common(word.text)]
    if not rarer:
        return COMMON_SIMILARITY
    return FRENCH_SIMILARITY if any(map(is_french, rarer)) else RARE_SIMILARITY


@cache
def protected_words() -> frozenset[str]:
    """Return numbers, sides, negations and units, which are never replaced and never brought."""
    text = files(__package__).joinpath("data", "protected.tsv").read_text("utf-8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())


def is_protected(word: TextWord) -> bool:
    """Say whether a word is a number, a side, a negation or a unit."""
    return word.key in protected_words() or any(char.isdigit() for char in word.text)


def _phrase(words: Sequence[TextWord]) -> str:
    return fold(" ".join(word.text for word in words))
