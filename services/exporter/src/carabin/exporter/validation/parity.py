"""Whether a converted model still writes what its checkpoint writes: measured before publication.

A form may make half a point of word errors more than its checkpoint, and no more. On the hundred words of a
checkpoint's samples that is half a word, so that a single word which falls the other way would refuse a form as good.
Then, and only then, both transcribe the same samples again, each time a little disturbed, until there are enough words
to decide; the margin stays what it is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Final

from carabin.registry.word_error import smoke_error

from ..errors import ConversionRefused
from .decode import CheckpointDecoder, DecodedText, Transcribed
from .samples import Sample

MAX_WER_INCREASE: Final = 0.005
"""Half a point over all that was transcribed."""
ENOUGH_WORDS: Final = 400
"""Where half a point is two words. A form that is three worse before is refused at once: of a form within the margin,
one in seventy would be on a hundred words (Poisson, half a word expected)."""
MAX_VARIATIONS: Final = 40
"""The shipped sentence alone has nine words."""

Transcribe = Callable[[int], Sequence[Transcribed]]
"""Returns what the form writes of a variation of the samples, by number; 0 is the samples as they are."""
DecodeReference = Callable[[int, Sequence[Transcribed]], Sequence[DecodedText]]
"""Returns what its checkpoint writes of that variation, from the same mels."""


@dataclass(frozen=True, slots=True)
class Parity:
    """How a form stands against its checkpoint."""

    wer_increase: float
    words: int
    """Spoken words that it was measured on, those of each variation counted."""


class Reference:
    """What the checkpoint writes, decoded once for all of its forms.

    Args:
        language: Whisper's code.
    """

    def __init__(self, checkpoint: Path, language: str) -> None:
        self._checkpoint, self._language = checkpoint, language
        self._decoder: CheckpointDecoder | None = None
        self._found: dict[int, list[DecodedText]] = {}

    def of(self, variation: int, transcribed: Sequence[Transcribed]) -> Sequence[DecodedText]:
        """Decode with the checkpoint itself, from the very mels that the converted model transcribed."""
        if variation not in self._found:
            self._decoder = self._decoder or CheckpointDecoder(self._checkpoint, self._language)
            self._found[variation] = [self._decoder.decode(each.mel) for each in transcribed]
        return self._found[variation]

    def release(self) -> None:
        """Free the checkpoint's weights, not what it wrote: in float32 they are twice what was stored."""
        self._decoder = None


def compare(
    folder: Path,
    transcribe: Transcribe,
    decode_reference: DecodeReference,
    *,
    exact: bool,
    check: Callable[[], None] = lambda: None,
) -> Parity:
    """Compare a form with its checkpoint.

    Args:
        exact: demand the very tokens of the checkpoint on the samples as they are, as float32 must give.
        check: asked between two variations; raises to end the work.

    Raises:
        ConversionRefused: tokens differ where they must not, or words are lost beyond the margin.
    """
    words, increase = 0, 0.0
    for variation in range(MAX_VARIATIONS):
        transcribed = transcribe(variation)
        truth = decode_reference(variation, transcribed)
        if exact and variation == 0:
            _require_tokens(folder, transcribed, truth)
        samples = [each.sample for each in transcribed]
        words += sum(len(sample.sentence.split()) for sample in samples)
        increase += _errors(samples, [each.hypothesis for each in transcribed]) - _errors(samples, truth)
        within = increase <= MAX_WER_INCREASE * words + 1e-9
        hopeless = increase > MAX_WER_INCREASE * max(words, ENOUGH_WORDS) + 1e-9
        if hopeless or words >= ENOUGH_WORDS or (variation == 0 and within):
            break
        check()
    if not within:
        raise ConversionRefused(
            folder,
            f"it makes {increase:.0f} word errors more than its checkpoint on {words} words,"
            f" {MAX_WER_INCREASE * max(words, ENOUGH_WORDS):.1f} may be on {max(words, ENOUGH_WORDS)}",
        )
    return Parity(increase / max(words, 1), words)


def _require_tokens(folder: Path, transcribed: Sequence[Transcribed], reference: Sequence[DecodedText]) -> None:
    for each, truth in zip(transcribed, reference, strict=True):
        ours = each.hypothesis
        if ours.tokens != truth.tokens:
            raise ConversionRefused(
                folder,
                f"it writes other words of {each.sample.name} than its checkpoint:"
                f" {len(ours.tokens)} tokens and {len(truth.tokens)}, of which the first"
                f" {_n_same(ours.tokens, truth.tokens)} are the same",
            )


def _n_same(ours: Sequence[int], truth: Sequence[int]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(ours, truth, strict=False)))


def _errors(samples: Sequence[Sample], hypotheses: Sequence[DecodedText]) -> float:
    return sum(
        smoke_error(sample.sentence, hypothesis.text) * len(sample.sentence.split())
        for sample, hypothesis in zip(samples, hypotheses, strict=True)
    )
