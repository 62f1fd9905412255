"""What an epoch shows of each dictation: its features at the batch's window, its labels with or without times."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from carabin.registry.serving_window import FRAMES_PER_S
from torch.utils.data import Dataset

from .collate import Array, Example
from .labels import LabelMaker, Labels
from .mel import Mel, pad
from .prompts import PromptWords
from .spec_augment import SpecAugment, mask
from .windows import BatchItem

_TIMES, _MASKS, _SOUND, _PROMPT = 1, 2, 3, 4
"""Names of the random streams: adding one must not change what another draws."""

Sound = Callable[[int, np.random.Generator], Mel]
"""A dictation's mel from audio that the generator alters."""


@dataclass(frozen=True, slots=True)
class Text:
    """What was said, and for how long."""

    sentence: str
    n_frames: int
    sha256: str


class Examples(Dataset[Example]):
    """Examples by `BatchItem`; the same draw gives the same example in every process and after every restart.

    Args:
        features: (n_mels, n_frames) mel, or (window / 2, d_model) encoder states, of each dictation.
        timestamps: share of the examples whose labels carry times.
        prompt_share: share of the examples that stand behind a prompt of rare words.
        sound: gives a dictation's mel anew from its altered audio, in place of the cached one.
    """

    def __init__(
        self,
        texts: Sequence[Text],
        features: Sequence[Any],
        make_labels: LabelMaker,
        *,
        states: bool,
        seed: int,
        timestamps: float = 0.0,
        prompt_share: float = 0.0,
        spec_augment: SpecAugment | None = None,
        sound: Sound | None = None,
    ) -> None:
        self._sound = sound
        self._features = features
        self._states = states
        self._seed = seed
        self._timestamps = timestamps
        self._prompt_share = prompt_share
        self._prompts = PromptWords([text.sentence for text in texts]) if prompt_share else None
        self._spec_augment = spec_augment
        self._make_labels = make_labels
        self.texts = texts
        self._plain = [make_labels(text.sentence, _seconds(text)) for text in texts]
        self._timed = (
            [make_labels(text.sentence, _seconds(text), timestamps=True) for text in texts] if timestamps else []
        )

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, draw: BatchItem) -> Example:
        if self._states:
            return Example(draw.index, self._features[draw.index], self._labels(draw))
        if self._sound is None:
            mel, n_frames = self._features[draw.index], None
        else:  # at another speed the speech ends at another time
            mel = self._sound(draw.index, self._rng(draw, _SOUND))
            n_frames = mel.shape[1]
        return Example(draw.index, self._cut(mel, draw), self._labels(draw, n_frames))

    def _labels(self, draw: BatchItem, n_frames: int | None = None) -> Labels:
        timed = bool(self._timestamps) and self._rng(draw, _TIMES).random() < self._timestamps
        expected = self._expected(draw)
        if not expected and (not timed or n_frames is None):
            return (self._timed if timed else self._plain)[draw.index]
        text = self.texts[draw.index]
        seconds = _seconds(text) if n_frames is None else n_frames / FRAMES_PER_S
        return self._make_labels(text.sentence, seconds, timestamps=timed, expected=expected)

    def _expected(self, draw: BatchItem) -> tuple[str, ...]:
        """Return the words of this draw's prompt; none in most draws."""
        rng = self._rng(draw, _PROMPT)
        if self._prompts is None or rng.random() >= self._prompt_share:
            return ()
        return self._prompts.draw(self.texts[draw.index].sentence, rng)

    def _cut(self, mel: Mel, draw: BatchItem) -> Array:
        padded = pad(mel, draw.window)
        if self._spec_augment is None:
            return padded
        return mask(padded, mel.shape[1], self._spec_augment, self._rng(draw, _MASKS))

    def _rng(self, draw: BatchItem, stream: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, stream, draw.epoch, draw.index])


def _seconds(text: Text) -> float:
    return text.n_frames / FRAMES_PER_S
