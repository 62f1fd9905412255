"""The proof: word errors beyond the margin are refused, and the window grows until nothing repeats itself."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from carabin.exporter.errors import CheckpointRefused, ConversionRefused, RequestInvalid
from carabin.exporter.validation.decode import DecodedText, Mel, ModelDecoder, Transcribed, padded
from carabin.exporter.validation.parity import Parity, compare
from carabin.exporter.validation.perturb import disturbed
from carabin.exporter.validation.samples import Sample, load_samples, read_sample, shipped_sample
from carabin.exporter.validation.window import measure_window
from carabin.registry.serving_window import BUCKETS, WindowPolicy

FOLDER = Path("model")
STOCK = WindowPolicy(min_frames=750, margin_frames=300)


def hypothesis(text: str, *tokens: int, capped: bool = False) -> DecodedText:
    return DecodedText(tokens, text, capped)


def transcribed(sentence: str, said: DecodedText, n_frames: int = 400) -> Transcribed:
    audio = np.zeros(n_frames * 160, np.float32)
    return Transcribed(Sample("one", audio, sentence), np.zeros((80, n_frames), np.float32), said)


@dataclass
class FakeDecoder:
    """Repeats itself whenever the window is below `floor` or outlasts the speech by less than `margin`."""

    floor: int
    margin: int
    windows: list[int] = field(default_factory=list)

    def decode(self, mel: Mel, window: int = 3000) -> DecodedText:
        self.windows.append(window)
        loops = window < self.floor or window - mel.shape[1] < self.margin
        return hypothesis("encore " * 40 if loops else "pas de fièvre", capped=loops)


def measure(fake: FakeDecoder, *n_frames: int, trained: WindowPolicy = STOCK) -> WindowPolicy:
    cases = [transcribed("pas de fièvre", hypothesis("pas de fièvre"), n) for n in n_frames]
    return measure_window(FOLDER, cast(ModelDecoder, fake), cases, trained)


def test_a_model_that_bears_its_own_policy_keeps_it() -> None:
    assert measure(FakeDecoder(200, 10), 150, 600) == STOCK
    tight = WindowPolicy(min_frames=300, margin_frames=50)
    assert measure(FakeDecoder(300, 50), 150, 600, trained=tight) == tight


def test_the_floor_grows_for_short_speech_and_the_margin_for_long() -> None:
    assert measure(FakeDecoder(1000, 10), 150) == WindowPolicy(min_frames=1000, margin_frames=300)
    assert measure(FakeDecoder(200, 700), 900) == WindowPolicy(min_frames=750, margin_frames=800)


def test_a_model_that_bears_no_cut_gets_the_full_window() -> None:
    policy = measure(FakeDecoder(3000, 0), 150, 900)
    assert [policy.window_for(n_frames) for n_frames in (150, 900)] == [3000, 3000]


def test_a_model_that_repeats_itself_on_everything_is_refused() -> None:
    cases = [transcribed("pas de fièvre", hypothesis("fièvre " * 40))]
    with pytest.raises(ConversionRefused, match="repeats itself on all of its 1 sample"):
        measure_window(FOLDER, cast(ModelDecoder, FakeDecoder(0, 0)), cases, STOCK)


def test_only_windows_that_are_served_are_decoded() -> None:
    fake = FakeDecoder(200, 700)
    measure(fake, 350, 900)
    assert set(fake.windows) <= set(BUCKETS)


SENTENCE = " ".join(f"mot{number}" for number in range(100))


def worse_by(words: int) -> str:
    return " ".join(f"faux{number}" if number < words else f"mot{number}" for number in range(100))


def judge(*worse: int, checkpoint: int = 0) -> tuple[float, int, int]:
    """Compare a form that is wrong in so many words of each variation's hundred; return increase, words, variations."""
    asked: list[int] = []

    def transcribe(number: int) -> list[Transcribed]:
        asked.append(number)
        return [transcribed(SENTENCE, hypothesis(worse_by(worse[number])))]

    def decode_reference(_: int, each: Sequence[Transcribed]) -> list[DecodedText]:
        return [hypothesis(worse_by(checkpoint)) for _ in each]

    parity = compare(FOLDER, transcribe, decode_reference, exact=False)
    return round(parity.wer_increase, 6), parity.words, len(asked)


def test_a_form_that_writes_what_its_checkpoint_writes_is_heard_once() -> None:
    assert judge(7, checkpoint=7) == (0.0, 100, 1)
    assert judge(6, checkpoint=7) == (-0.01, 100, 1)


def test_a_word_that_falls_the_other_way_is_judged_on_words_enough() -> None:
    assert judge(1, 0, 0, 0) == (0.0025, 400, 4)
    assert judge(1, 0, 1, 0) == (0.005, 400, 4)
    assert judge(2, 1, 0, 0, checkpoint=1) == (-0.0025, 400, 4)


def test_the_margin_is_half_a_point_however_often_it_was_heard() -> None:
    with pytest.raises(
        ConversionRefused, match=r"3 word errors more than its checkpoint on 400 words, 2\.0 may be on 400"
    ):
        judge(1, 1, 0, 1)


def test_a_form_that_is_plainly_worse_is_refused_at_the_first_hearing() -> None:
    with pytest.raises(
        ConversionRefused, match=r"3 word errors more than its checkpoint on 100 words, 2\.0 may be on 400"
    ):
        judge(3)


def test_half_a_point_is_the_margin_on_many_words_at_once() -> None:
    sentence = " ".join(f"mot{number}" for number in range(800))

    def judge_many(wrong: int) -> Parity:
        said = " ".join(f"faux{number}" if number < wrong else f"mot{number}" for number in range(800))
        case = [transcribed(sentence, hypothesis(said))]
        return compare(FOLDER, lambda _: case, lambda *_: [hypothesis(sentence)], exact=False)

    assert judge_many(4) == Parity(pytest.approx(0.005), 800)
    with pytest.raises(ConversionRefused, match="5 word errors more"):
        judge_many(5)


def test_another_hearing_is_the_same_sentence_a_little_otherwise_and_always_alike() -> None:
    sample = shipped_sample()
    assert disturbed(sample, 0) is sample
    first, again, second = disturbed(sample, 1), disturbed(sample, 1), disturbed(sample, 2)
    np.testing.assert_array_equal(first.audio, again.audio)
    assert (first.sentence, first.name) == (sample.sentence, sample.name)
    assert len({len(first.audio), len(second.audio), len(sample.audio)}) == 3
    assert 0.95 < first.duration_s / sample.duration_s < 1.05
    long = Sample("long", np.zeros(30 * 16_000, np.float32), "x")
    assert all(disturbed(long, number).duration_s <= 30 for number in range(1, 10))


def test_float32_must_write_the_very_tokens() -> None:
    with pytest.raises(ConversionRefused, match="it writes 'a' of one, where its checkpoint writes 'a'"):
        compare(FOLDER, lambda _: [transcribed("a", hypothesis("a", 1))], lambda *_: [hypothesis("a", 2)], exact=True)


def test_a_mel_is_padded_with_zeros() -> None:
    mel = np.ones((80, 100), np.float32)
    assert padded(mel, 750).shape == (80, 750)
    assert padded(mel, 750).sum() == mel.sum()


def listing(folder: Path, *entries: dict[str, Any]) -> Path:
    import json

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
