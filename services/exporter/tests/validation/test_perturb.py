"""A disturbed sample: the same sentence at another speed and with noise, the same for the same number."""

import numpy as np
from carabin.exporter.validation.perturb import perturb
from carabin.exporter.validation.samples import Sample, shipped_sample


def test_a_disturbed_sample_is_the_same_sentence_at_another_speed_and_the_same_for_the_same_number() -> None:
    sample = shipped_sample()
    assert perturb(sample, 0) is sample
    first, again, second = perturb(sample, 1), perturb(sample, 1), perturb(sample, 2)
    np.testing.assert_array_equal(first.audio, again.audio)
    assert (first.sentence, first.name) == (sample.sentence, sample.name)
    assert len({len(first.audio), len(second.audio), len(sample.audio)}) == 3
    assert 0.95 < first.duration_s / sample.duration_s < 1.05
    long = Sample("long", np.zeros(30 * 16_000, np.float32), "x")
    assert all(perturb(long, number).duration_s <= 30 for number in range(1, 10))
