"""Tests of what an epoch shows of a dictation: the same draw shows the same, and times follow the sound."""

from pathlib import Path

import numpy as np
import pytest
from carabin.trainer.features.collate import Collator
from carabin.trainer.features.examples import Examples, Text
from carabin.trainer.features.labels import IGNORED, LabelMaker
from carabin.trainer.features.mel import Mel
from carabin.trainer.features.spec_augment import SpecAugment
from carabin.trainer.features.windows import BatchItem

FIRST_TIME = 50_364  # <|0.00|>
MEL = np.random.default_rng(0).normal(0, 1, (80, 150)).astype(np.float32)
TEXTS = [Text("Pas de fièvre.", 150, "0" * 64)]


def slowed(_: int, draw: np.random.Generator) -> Mel:
    """A recording that lasts 1.5 s, or 1.8 s when it is played more slowly."""
    return np.pad(MEL, ((0, 0), (0, 30))) if draw.random() < 0.5 else MEL


@pytest.fixture
def make_labels(rebuilt: Path) -> LabelMaker:
    return LabelMaker(rebuilt)


def test_times_come_in_their_share_of_the_labels(make_labels: LabelMaker) -> None:
    examples = Examples(TEXTS, [MEL], make_labels, states=False, seed=0, timestamps=0.5)
    timed = [FIRST_TIME in examples[BatchItem(0, epoch, 300)].labels.targets for epoch in range(100)]
    assert 35 < sum(timed) < 65


def test_the_time_at_the_end_is_that_of_the_altered_sound(make_labels: LabelMaker) -> None:
    examples = Examples(TEXTS, [MEL], make_labels, states=False, seed=0, timestamps=1.0, sound=slowed)
    ends = {examples[BatchItem(0, epoch, 300)].labels.targets[-2] - FIRST_TIME for epoch in range(20)}
    assert ends == {75, 90}


def test_a_draw_shows_the_same_in_every_process(make_labels: LabelMaker) -> None:
    def shown() -> Examples:
        augment = SpecAugment(time_frames=40)
        return Examples(
            TEXTS, [MEL], make_labels, states=False, seed=3, timestamps=0.5, spec_augment=augment, sound=slowed
        )

    first, second = shown(), shown()
    for epoch in range(5):
        one, other = first[BatchItem(0, epoch, 300)], second[BatchItem(0, epoch, 300)]
        assert np.array_equal(one.features, other.features)
        assert one.labels == other.labels


def test_share_of_the_examples_stands_behind_a_prompt_that_the_batch_gives_no_loss(make_labels: LabelMaker) -> None:
    texts = [Text(f"Sous médicament{name}.", 150, "0" * 64) for name in ("alpha", "bravo", "delta")]
    examples = Examples(texts, [MEL] * 3, make_labels, states=False, seed=0, prompt_share=0.4)
    plain = Examples(texts, [MEL] * 3, make_labels, states=False, seed=0)
    drawn = [examples[BatchItem(0, epoch, 300)] for epoch in range(500)]
    bare = plain[BatchItem(0, 0, 300)]
    prompted = [example for example in drawn if len(example.labels.inputs) > len(bare.labels.inputs)]
    assert 160 < len(prompted) < 240
    batch = Collator("mel", make_labels.pad_id)([prompted[0], bare])
    learnt = [[int(token) for token in row if token != IGNORED] for row in batch["labels"]]
    assert learnt[0] == learnt[1]
