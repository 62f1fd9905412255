"""From settings to a service: where models come from, what they compute in, and what is refused before it listens."""

from pathlib import Path

import pytest
from carabin.registry.testing.memory import MemoryStore
from carabin.service.errors import InsecureListening
from carabin.transcriber.bootstrap import compute_type, make_transcriber, serve
from carabin.transcriber.core.errors import TranscriberError
from carabin.transcriber.metrics import Metrics
from carabin.transcriber.runtime.transcriber import LiveTranscriber
from carabin.transcriber.settings.model import TranscriberSettings
from carabin.transcriber.settings.server import ServerSettings


@pytest.mark.parametrize(
    ("chosen", "on_gpu", "expected"),
    [
        ("auto", True, "float16"),
        ("auto", False, "int8"),
        ("int8_float32", True, "int8_float32"),
        ("float32", False, "float32"),
    ],
)
def test_models_compute_in_what_was_chosen_or_in_what_suits_the_device(
    chosen: str, on_gpu: bool, expected: str
) -> None:
    assert compute_type(chosen, on_gpu) == expected


async def test_folder_that_lacks_files_is_refused_by_name_before_anybody_is_let_in(tmp_path: Path) -> None:
    listening: list[object] = []
    with pytest.raises(TranscriberError, match=str(tmp_path)):
        await serve(
            ServerSettings(port=0, grpc_port=None),
            TranscriberSettings(model_dir=tmp_path, device="cpu"),
            lambda *ports: listening.append(ports),
        )
    assert listening == []


async def test_settings_that_would_let_strangers_in_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InsecureListening):
        await serve(
            ServerSettings(host="0.0.0.0", port=0, grpc_port=None),
            TranscriberSettings(model_dir=tmp_path, device="cpu"),
        )


def test_folder_is_served_without_any_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> None:
        raise AssertionError("a store was asked for")

    monkeypatch.setattr("carabin.transcriber.bootstrap.connect", refused)
    make_transcriber(TranscriberSettings(model_dir=tmp_path, device="cpu"))
    with pytest.raises(AssertionError, match="a store was asked for"):
        make_transcriber(TranscriberSettings(model_dir=None, cache_dir=tmp_path, device="cpu"))


async def test_registry_without_a_version_is_said_to_have_none(tmp_path: Path) -> None:
    store, metrics = MemoryStore(), Metrics()
    store.ensure_bucket("models")
    settings = TranscriberSettings(model_dir=None, cache_dir=tmp_path, device="cpu", workers=2)
    transcriber = make_transcriber(settings, store=store, bucket="models", metrics=metrics)
    assert isinstance(transcriber, LiveTranscriber)
    assert transcriber.metrics is metrics
    await transcriber.start()
    try:
        assert not transcriber.readiness().ready
    finally:
        await transcriber.stop(0)
    assert transcriber.dead_threads() == ()
