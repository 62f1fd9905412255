"""The sample dictations of a checkpoint: its own where they can be followed, the shipped one where it has none."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from carabin.exporter.errors import CheckpointRefused, RequestInvalid
from carabin.exporter.validation.samples import Sample, load_samples, read_sample, shipped_sample


def listing(folder: Path, *entries: dict[str, Any]) -> Path:
    (folder / "samples").mkdir()
    (folder / "samples" / "a.wav").write_bytes(shipped_sample().wav())
    (folder / "samples" / "samples.json").write_text(json.dumps(entries))
    return folder


def test_a_checkpoints_own_samples_are_used(tmp_path: Path) -> None:
    samples = load_samples(listing(tmp_path, {"file": "a.wav", "sentence": "Bonjour.", "hypothesis": "Bonjour."}))
    assert [(sample.name, sample.sentence) for sample in samples] == [("a.wav", "Bonjour.")]
    np.testing.assert_allclose(samples[0].audio, shipped_sample().audio, atol=1e-4)


def test_without_samples_the_shipped_sentence_serves(tmp_path: Path) -> None:
    assert [sample.name for sample in load_samples(tmp_path)] == ["smoke-fr"]
    assert 3 < load_samples(tmp_path)[0].duration_s < 4


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"file": "../a.wav", "sentence": "x"}, "outside samples/"),
        ({"file": "b.wav", "sentence": "x"}, "no such recording"),
        ({"file": "a.wav"}, "sentence"),
        ({"file": "samples.json", "sentence": "x"}, "not audio"),
    ],
)
def test_samples_that_cannot_be_followed_refuse_the_checkpoint(
    tmp_path: Path, entry: dict[str, Any], reason: str
) -> None:
    with pytest.raises(CheckpointRefused, match=reason):
        load_samples(listing(tmp_path, entry))


def test_a_recording_beyond_one_window_is_no_sample(tmp_path: Path) -> None:
    (tmp_path / "long.wav").write_bytes(Sample("long", np.zeros(31 * 16_000, np.float32), "x").wav())
    with pytest.raises(RequestInvalid, match=r"31\.0 s; a sample is at most 30 s"):
        read_sample(tmp_path / "long.wav", "x")
