"""A version serves only after its smoke dictation came out right and its windows were decoded."""

import wave
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from carabin.registry.artifacts.bundle import describe_folder
from carabin.registry.artifacts.manifest import ModelManifest, Smoke
from carabin.registry.serving_window import WindowPolicy
from carabin.service.testing.open_files import no_further_file
from carabin.transcriber.core.errors import DecodeFailed, DeviceShort, ModelBroken, ModelMismatch, SmokeFailed
from carabin.transcriber.inference.engine import DecodeRequest, Hypothesis
from carabin.transcriber.models.loader import LoadedCandidate, load, read_wav
from carabin.transcriber.testing.engine import FakeEngine, Script

from ..helpers.real_models import FORMAT, write_wav

SECOND = np.full(16_000, 0.5, np.float32)
"""One second that the fake engine writes as ` mot0 mot1`."""


def candidate(folder: Path, text: str = "mot0 mot1", max_error: float = 0.4) -> LoadedCandidate:
    write_wav(folder / "smoke.wav", SECOND)
    manifest = ModelManifest(
        name="cardio", version="v1", created_at=datetime(2026, 1, 1, tzinfo=UTC), files=describe_folder(folder),
        format=FORMAT, smoke=Smoke(path="smoke.wav", language="fr", text=text, max_error=max_error),
    )  # fmt: skip
    return LoadedCandidate("v1", folder, manifest)


class Factory:
    """Loads fake engines and keeps the last."""

    def __init__(self, *, n_mels: int = 80, script: Script | None = None) -> None:
        self._n_mels, self._script = n_mels, script

    def __call__(self, folder: Path, version: str, windows: WindowPolicy) -> FakeEngine:
        del folder, version
        self.engine = FakeEngine(n_mels=self._n_mels, script=self._script, windows=windows)
        return self.engine


def test_a_version_that_passes_was_decoded_in_every_window_that_serves(tmp_path: Path) -> None:
    factory = Factory()
    assert load(candidate(tmp_path), factory) is factory.engine
    assert not factory.engine.closed
    smoke, *warm = [batch[0] for batch in factory.engine.batches]
    assert (smoke.language, smoke.beam_size) == ("fr", 5)
    assert len(smoke.samples) == len(SECOND)
    assert [request.window_frames for request in warm] == [750, 1000, 1500]


def test_a_window_below_the_smallest_that_serves_is_not_warmed(tmp_path: Path) -> None:
    plain = LoadedCandidate("v1", tmp_path)
    wide = ModelManifest.model_validate(
        {**candidate(tmp_path).manifest.model_dump(), "min_window_frames": 1000, "smoke": None}  # type: ignore[union-attr]
    )
    for each, windows in ((plain, [750, 1000, 1500]), (LoadedCandidate("v1", tmp_path, wide), [1000, 1500])):
        factory = Factory()
        load(each, factory)
        assert [batch[0].window_frames for batch in factory.engine.batches] == windows


def test_a_smoke_dictation_that_came_out_wrong_is_refused_and_the_engine_closed(tmp_path: Path) -> None:
    factory = Factory()
    with pytest.raises(SmokeFailed, match=r"word error rate of 0\.50, over 0\.40"):
        load(candidate(tmp_path, "mot0 autre"), factory)
    assert factory.engine.closed
    assert load(candidate(tmp_path, "mot0 autre", max_error=0.5), Factory())


def test_mel_bins_that_are_not_the_manifests_are_refused_before_any_decode(tmp_path: Path) -> None:
    factory = Factory(n_mels=128)
    with pytest.raises(ModelMismatch, match="its manifest says 80 mel bins, its weights take 128"):
        load(candidate(tmp_path), factory)
    assert factory.engine.closed
    assert factory.engine.batches == []


def fail_where(condition: str) -> Script:
    """Fail the smoke decode or the decodes that warm."""

    def script(request: DecodeRequest) -> Hypothesis:
        if (condition == "smoke") == (request.beam_size == 5):
            raise DecodeFailed("out of memory")
        return FakeEngine().transcribe(request)

    return script


@pytest.mark.parametrize(
    ("where", "kind", "reason"),
    [
        ("smoke", SmokeFailed, "smoke dictation cannot be decoded: .*out of memory"),
        ("warm", ModelBroken, "cannot decode a window of 750 frames: .*out of memory"),
    ],
)
def test_a_decode_that_fails_is_a_reason_and_leaves_nothing_loaded(
    tmp_path: Path, where: str, kind: type[Exception], reason: str
) -> None:
    factory = Factory(script=fail_where(where))
    with pytest.raises(kind, match=reason):
        load(candidate(tmp_path), factory)
    assert factory.engine.closed


def test_a_wav_file_comes_as_it_was_written(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", SECOND)
    samples = read_wav(tmp_path / "a.wav", "v1")
    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples, SECOND, atol=1e-4)


@pytest.mark.parametrize(("channels", "width", "rate_hz"), [(2, 2, 16_000), (1, 1, 16_000), (1, 2, 44_100)])
def test_a_wav_file_of_another_kind_is_named(tmp_path: Path, channels: int, width: int, rate_hz: int) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((channels, width, rate_hz, 0, "NONE", ""))
        file.writeframes(bytes(channels * width * 10))
    with pytest.raises(ModelBroken, match=r"a\.wav is not 16 kHz mono of 16 bits"):
        read_wav(tmp_path / "a.wav", "v1")


@pytest.mark.parametrize("content", [None, b"", b"not a wav file"])
def test_a_file_that_is_no_wav_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(ModelBroken, match=r"a\.wav cannot be read"):
        read_wav(tmp_path / "a.wav", "v1")


def test_a_version_is_not_called_broken_where_no_further_file_may_be_opened(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", SECOND)
    with no_further_file(), pytest.raises(DeviceShort, match=r"a\.wav cannot be read: .*Too many open files"):
        read_wav(tmp_path / "a.wav", "v1")
