"""Whether a converted model still writes what its checkpoint writes: the proof before publication.

A form may make half a point of word errors more than its checkpoint, and no more. On the hundred words of a
checkpoint's samples that is half a word, so that a single word which falls the other way would refuse a form as good.
Then, and only then, both hear the same samples again, each time a little otherwise, until there are words enough to
tell; the margin stays what it is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from carabin.registry.word_error import smoke_error

from ..errors import ConversionRefused
from .decode import CheckpointDecoder, DecodedText, Transcribed
from .samples import Sample

MAX_WER_INCREASE: Final = 0.005
"""Half a point over all that was heard."""
ENOUGH_WORDS: Final = 400
"""Where half a point is two words. A form that is three worse before is refused at once: of a form within the margin,
one in seventy would be on a hundred words (Poisson, half a word expected)."""
MAX_HEARINGS: Final = 40
"""The shipped sentence alone has nine words."""

Hear = Callable[[int], Sequence[Transcribed]]
"""What the form writes of the samples at the hearing of this number; 0 is the samples as they are."""
Refer = Callable[[int, Sequence[Transcribed]], Sequence[DecodedText]]
"""What its checkpoint writes at that hearing, from the same mels."""


@dataclass(frozen=True, slots=True)
class Parity:
    """What the proof found."""

    wer_increase: float
    words: int
    """Spoken words that it rests on, each hearing's counted."""


class Reference:
    """What the checkpoint writes, decoded once for all of its forms.

    Args:
        language: Whisper's code.
    """

    def __init__(self, checkpoint: Path, language: str) -> None:
        self._checkpoint, self._language = checkpoint, language
        self._decoder: CheckpointDecoder | None = None
        self._found: dict[int, list[DecodedText]] = {}

    def of(self, hearing: int, heard: Sequence[Transcribed]) -> Sequence[DecodedText]:
        """Decode with the checkpoint itself, from the very mels that the converted model heard."""
        if hearing not in self._found:
            self._decoder = self._decoder or CheckpointDecoder(self._checkpoint, self._language)
            self._found[hearing] = [self._decoder.decode(each.mel) for each in heard]
        return self._found[hearing]

    def release(self) -> None:
        """Forget the checkpoint's weights, not what it wrote: in float32 they are twice what was stored."""
        self._decoder = None


def prove(folder: Path, hear: Hear, refer: Refer, *, exact: bool, check: Callable[[], None] = lambda: None) -> Parity:
    """Compare a form with its checkpoint.

    Args:
        exact: demand the very tokens of the checkpoint on the samples as they are, as float32 must give.
        check: asked between two hearings; raises to end the work.

    Raises:
        ModelRefused: tokens differ where they must not, or words are lost beyond the margin.
    """
    words, increase = 0, 0.0
    for hearing in range(MAX_HEARINGS):
        heard = hear(hearing)
        truth = refer(hearing, heard)
        if exact and hearing == 0:
            _require_tokens(folder, heard, truth)
        samples = [each.sample for each in heard]
        words += sum(len(sample.sentence.split()) for sample in samples)
        increase += _errors(samples, [each.hypothesis for each in heard]) - _errors(samples, truth)
        within = increase <= MAX_WER_INCREASE * words + 1e-9
        hopeless = increase > MAX_WER_INCREASE * max(words, ENOUGH_WORDS) + 1e-9
        if hopeless or words >= ENOUGH_WORDS or (hearing == 0 and within):
            break
        check()
    if not within:
        raise ConversionRefused(
            folder,
            f"it makes {increase:.0f} word errors more than its checkpoint on {words} words,"
            f" {MAX_WER_INCREASE * max(words, ENOUGH_WORDS):.1f} may be on {max(words, ENOUGH_WORDS)}",
        )
    return Parity(increase / max(words, 1), words)


def _require_tokens(folder: Path, heard: Sequence[Transcribed], reference: Sequence[DecodedText]) -> None:
    for each, truth in zip(heard, reference, strict=True):
        ours = each.hypothesis
        if ours.tokens != truth.tokens:
            raise ConversionRefused(
                folder, f"it writes {ours.text!r} of {each.sample.name}, where its checkpoint writes {truth.text!r}"
            )


def _errors(samples: Sequence[Sample], hypotheses: Sequence[DecodedText]) -> float:
    return sum(
        smoke_error(sample.sentence, hypothesis.text) * len(sample.sentence.split())
        for sample, hypothesis in zip(samples, hypotheses, strict=True)
    )
