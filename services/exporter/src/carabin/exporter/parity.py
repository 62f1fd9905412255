"""Whether a converted model still writes what its checkpoint writes: the proof before publication."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from carabin.registry.smoke import smoke_error

from .decode import CheckpointDecoder, Heard, Hypothesis
from .errors import ModelRefused
from .samples import Sample

MAX_WER_INCREASE: Final = 0.005
"""Half a point over all samples."""


def refer(checkpoint: Path, heard: Sequence[Heard], language: str) -> list[Hypothesis]:
    """Decode the samples with the checkpoint itself, from the very mel that the converted model heard."""
    truth = CheckpointDecoder(checkpoint, language)
    return [truth.decode(each.mel) for each in heard]


def prove(folder: Path, heard: Sequence[Heard], reference: Sequence[Hypothesis], *, exact: bool) -> float:
    """Compare a form with its checkpoint and return by how much its word error rate is greater.

    Args:
        reference: what the checkpoint wrote of the same samples, in the same order.
        exact: demand the very tokens of the checkpoint, as float32 must give.

    Raises:
        ModelRefused: tokens differ where they must not, or words are lost beyond the margin.
    """
    if exact:
        for each, truth in zip(heard, reference, strict=True):
            ours = each.hypothesis
            if ours.tokens != truth.tokens:
                raise ModelRefused(
                    folder, f"it writes {ours.text!r} of {each.sample.name}, where its checkpoint writes {truth.text!r}"
                )
    samples = [each.sample for each in heard]
    words = sum(len(sample.sentence.split()) for sample in samples)
    increase = _errors(samples, [each.hypothesis for each in heard]) - _errors(samples, reference)
    # On fewer than 200 words half a point is less than a word, and one word may fall either way.
    allowed = max(MAX_WER_INCREASE * words, 1.0)
    if increase > allowed + 1e-9:
        raise ModelRefused(
            folder,
            f"it makes {increase:.0f} word errors more than its checkpoint on {words} words, {allowed:.1f} may be",
        )
    return increase / max(words, 1)


def _errors(samples: Sequence[Sample], hypotheses: Sequence[Hypothesis]) -> float:
    return sum(
        smoke_error(sample.sentence, hypothesis.text) * len(sample.sentence.split())
        for sample, hypothesis in zip(samples, hypotheses, strict=True)
    )
