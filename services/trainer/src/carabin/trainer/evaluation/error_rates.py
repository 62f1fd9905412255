"""Error rates of transcripts, from pairs of texts alone; word and character counts come from `jiwer`."""

from collections.abc import Sequence
from dataclasses import dataclass

import jiwer

from ..text.terms import TermIndex


@dataclass(frozen=True, slots=True)
class Counts:
    """Errors and what they are counted against; sums of these over dictations give corpus rates."""

    errors: int
    total: int

    @property
    def rate(self) -> float:
        """Errors per unit; 0 when there is nothing to count against."""
        return self.errors / self.total if self.total else 0.0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.errors + other.errors, self.total + other.total)


def word_errors(reference: str, hypothesis: str) -> Counts:
    """Count substituted, deleted and inserted words against the reference's words, as written."""
    found = jiwer.process_words(reference, hypothesis)
    return Counts(found.substitutions + found.deletions + found.insertions, len(reference.split()))


def character_errors(reference: str, hypothesis: str) -> Counts:
    """Count character edits against the reference's characters, as written."""
    found = jiwer.process_characters(reference, hypothesis)
    return Counts(found.substitutions + found.deletions + found.insertions, len(reference))


def missed_terms(reference: str, hypothesis: str, index: TermIndex) -> list[str]:
    """Return the reference's terms that the hypothesis has not, as often as they are missing; both normalised."""
    found = [term for term, _, _ in index.find(hypothesis.split())]
    missed = []
    for term, _, _ in index.find(reference.split()):
        if term in found:
            found.remove(term)
        else:
            missed.append(term)
    return missed


def corpus_rate(counts: Sequence[Counts]) -> float:
    """Return all errors over all totals: long dictations weigh more than short ones."""
    return sum(count.errors for count in counts) / max(1, sum(count.total for count in counts))
