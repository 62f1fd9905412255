"""One transcriber serves two real models by their names, over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np
import pytest
from carabin.registry.artifacts.publish import publish_model
from carabin.registry.stages.promote import promote
from carabin.registry.testing.memory import MemoryStore
from carabin.transcriber.bootstrap import make_transcriber
from carabin.transcriber.core.api import Samples
from carabin.transcriber.http.server import Server
from carabin.transcriber.runtime.transcriber import LiveTranscriber
from carabin.transcriber.settings.model import TranscriberSettings

from ..helpers import servers
from ..helpers.real_models import FORMAT, SECOND, SENTENCE, base_folder, say, smoke, write_wav
from ..helpers.servers import RawClient, running

__all__ = ["base_folder"]

BUCKET = "models"
PAUSE = np.zeros(16_000, np.float32)
PATIENCE_S = 300.0


class Store:
    """A registry with a version of each of two names in production."""

    def __init__(self, folder: Path) -> None:
        self.objects = MemoryStore()
        self.objects.ensure_bucket(BUCKET)
        self._folder = folder
        self._hour = 0
        self.cardiology = self.promoted("cardiologie")
        self.radiology = self.promoted("radiologie")

    def promoted(self, name: str) -> str:
        """Publish a version, promote it and return it."""
        self._hour += 1
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=self._hour)
        manifest = publish_model(self.objects, BUCKET, name, self._folder, at, format=FORMAT, smoke=smoke())
        promote(self.objects, BUCKET, name, manifest.version, by="test", reason="test", at=datetime.now(UTC))
        return manifest.version


@pytest.fixture
def store(base_folder: Path) -> Store:
    return Store(base_folder)


@asynccontextmanager
async def serving(
    store: Store,
    cache: Path,
    *,
    models: str = "cardiologie,radiologie",
    load: str = "start",
    free_bytes: Callable[[], int | None] = lambda: None,
) -> AsyncIterator[tuple[Server, LiveTranscriber]]:
    settings = TranscriberSettings(
        models=models, models_load=load, cache_dir=cache, poll_s=0.1, device="cpu", workers=2
    )
    transcriber = make_transcriber(settings, store=store.objects, bucket=BUCKET, free_bytes=free_bytes)
    async with running(transcriber) as server:
        yield server, transcriber


@asynccontextmanager
async def client(server: Server) -> AsyncIterator[RawClient]:
    async with servers.client(server) as raw:
        raw.patience_s = PATIENCE_S
        yield raw


async def until(transcriber: LiveTranscriber, condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        async for _ in transcriber.subscribe_model():
            if condition():
                return


def loaded(transcriber: LiveTranscriber) -> list[str]:
    return [info.name for info in transcriber.models if info.version is not None]


async def say_to(raw: RawClient, *pieces: Samples) -> None:
    audio = np.concatenate(pieces)
    for i in range(0, len(audio), 8000):
        await raw.send(audio[i : i + 8000].astype("<f4").tobytes())


async def finals(raw: RawClient, count: int) -> list[dict]:
    """Read until so many segments are complete."""
    async with asyncio.timeout(PATIENCE_S):
        while len(raw.finals) < count:
            await raw.next()
    return raw.finals


async def test_swap_of_one_model_touches_no_dictation_of_the_other(store: Store, tmp_path: Path) -> None:
    async with serving(store, tmp_path) as (server, transcriber):
        await until(transcriber, lambda: len(loaded(transcriber)) == 2)
        async with client(server) as heart, client(server) as images:
            ready = [await heart.hello(model="cardiologie"), await images.hello(model="radiologie", uid="u2")]
            assert [(each["model"], each["model_version"]) for each in ready] == [
                ("cardiologie", store.cardiology), ("radiologie", store.radiology)
            ]  # fmt: skip
            await asyncio.gather(say_to(heart, say(SENTENCE), PAUSE), say_to(images, say(SENTENCE), PAUSE))
            await asyncio.gather(finals(heart, 1), finals(images, 1))

            await say_to(images, say(SECOND))
            newer = store.promoted("cardiologie")
            await until(transcriber, lambda: transcriber.model.version == newer)
            await asyncio.gather(say_to(heart, say(SECOND), PAUSE), say_to(images, PAUSE))
            await asyncio.gather(finals(heart, 2), finals(images, 2))

            assert [each["model_version"] for each in heart.finals] == [store.cardiology, newer]
            assert [each["model_version"] for each in images.finals] == [store.radiology] * 2
            assert "contrôle" in images.finals[1]["text"]
            assert not [message for message in images.messages if message.get("status") == "WARNING"]


async def test_name_that_is_not_served_gets_the_default_with_a_warning(store: Store, tmp_path: Path) -> None:
    async with serving(store, tmp_path, models="radiologie,cardiologie") as (server, transcriber):
        await until(transcriber, lambda: transcriber.model.version is not None)
        async with client(server) as published, client(server) as silent:
            ready = await published.hello(model="base")
            assert (ready["model"], ready["model_version"]) == ("radiologie", store.radiology)
            assert "'base' is not loaded" in (await published.until("status"))["message"]
            assert (await silent.hello(model=None, uid="u2"))["model"] == "radiologie"


async def test_model_on_demand_takes_the_place_of_one_that_nobody_uses_and_never_of_a_session(
    store: Store, tmp_path: Path
) -> None:
    def holds_one() -> int:
        return 0 if loaded(transcriber) else 10**12

    async with serving(store, tmp_path, load="demand", free_bytes=holds_one) as (server, transcriber):
        await until(transcriber, lambda: loaded(transcriber) == ["cardiologie"])
        async with client(server) as heart:
            await heart.hello(model="cardiologie")
            async with client(server) as images:
                refused = await images.hello(model="radiologie", uid="u2")
                assert (refused["status"], refused["code"]) == ("ERROR", "not_ready")
                assert "MiB are free" in refused["message"]
            assert loaded(transcriber) == ["cardiologie"]
            await say_to(heart, say(SENTENCE), PAUSE)
            assert (await finals(heart, 1))[0]["model_version"] == store.cardiology
            await heart.send(b"END_OF_AUDIO")
            await heart.rest()
        await transcriber.wait_for_model("radiologie")
        async with client(server) as images:
            assert (await images.hello(model="radiologie", uid="u2"))["model_version"] == store.radiology
            assert loaded(transcriber) == ["radiologie"]
            await say_to(images, say(SENTENCE), PAUSE)
            assert (await finals(images, 1))[0]["model_version"] == store.radiology


async def test_uploads_choose_by_name_and_probes_and_lists_name_each_model(store: Store, tmp_path: Path) -> None:
    write_wav(tmp_path / "dictation.wav", say(SENTENCE))
    sound = (tmp_path / "dictation.wav").read_bytes()
    models = "cardiologie,radiologie,urgences"
    async with serving(store, tmp_path / "cache", models=models) as (server, transcriber):
        await until(transcriber, lambda: len(loaded(transcriber)) == 2)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.bound_port}", timeout=60) as web:

            async def upload(model: str) -> httpx.Response:
                files = {"file": ("dictation.wav", sound)}
                return await web.post("/v1/audio/transcriptions", files=files, data={"model": model})

            answers = {name: await upload(name) for name in ("radiologie", "whisper-1", "dermatologie", "urgences")}
            ready = await web.get("/readyz")
            listed = (await web.get("/v1/models")).json()["data"]
            metrics = (await web.get("/v1/model", params={"name": "radiologie"})).json()
    assert "douleur thoracique" in answers["radiologie"].json()["text"]
    assert answers["whisper-1"].status_code == 200
    assert answers["dermatologie"].status_code == 404
    error = answers["dermatologie"].json()["error"]
    assert (error["param"], error["code"]) == ("model", "model_not_found")
    assert models.replace(",", ", ") in error["message"]
    assert answers["urgences"].status_code == 503
    assert [(each["id"], each["loaded"]) for each in listed] == [
        ("cardiologie", True), ("radiologie", True), ("urgences", False)
    ]  # fmt: skip
    assert (ready.status_code, ready.json()["model_version"]) == (200, store.cardiology)
    assert ready.json()["models"]["radiologie"]["version"] == store.radiology
    assert "urgences" in ready.json()["models"]["urgences"]["reason"]
    assert metrics["version"] == store.radiology
