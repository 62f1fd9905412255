"""Chromium with a fake microphone; without a Chromium on the machine these tests are skipped, and say so."""

import shutil
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from carabin.trainer.models.embedded import install_base_model
from carabin.transcriber.bootstrap import make_transcriber
from carabin.transcriber.http.app import create_app, make_parts
from carabin.transcriber.runtime.transcriber import LiveTranscriber
from carabin.transcriber.settings.model import TranscriberSettings
from carabin.transcriber.settings.server import ServerSettings
from carabin.transcriber.testing.transcriber import FakeTranscriber
from prometheus_client import CollectorRegistry

from .pages import WAIT_MS
from .servers import AppServer, LoopThread, Wire
from .speaker import Speaker
from .transcript import RATE_HZ, SENTENCES, spoken

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="session")
def french_wav(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three French sentences with pauses, spoken by a voice that needs no network."""
    pause = np.zeros(RATE_HZ, np.int16)
    parts = [pause]
    for sentence in SENTENCES:
        parts += [spoken(sentence), pause]
    path = tmp_path_factory.mktemp("microphone") / "french.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(np.concatenate(parts).tobytes())
    return path


@pytest.fixture(scope="module")  # playwright's loop runs in this thread while it is open: no asynchronous test could
def chromium(french_wav: Path) -> Iterator[object]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-audio-capture={french_wav}%noloop",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def loop() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.stop()


@pytest.fixture
def others() -> tuple[str, ...]:
    """Names of models that are served beside the first."""
    return ()


@pytest.fixture
def transcriber(others: tuple[str, ...]) -> FakeTranscriber:
    return FakeTranscriber(vocabularies=("cardiologie",), version="20260101T000000Z-aaaaaaaaaaaa", others=others)


@pytest.fixture
def web_settings() -> dict[str, str]:
    """Settings of the transcriber's pages and protocols, without their prefix."""
    return {}


@pytest.fixture
def wire(
    loop: LoopThread, transcriber: FakeTranscriber, web_settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Wire]:
    """The way to a server of ours that writes a known script."""
    for name, value in web_settings.items():
        monkeypatch.setenv(f"CARABIN_TRANSCRIBER_{name}", value)
    loop.run(transcriber.start())
    parts = make_parts(transcriber, ServerSettings.load(), CollectorRegistry(), lambda: ["cardiologie"])
    server = AppServer(loop, create_app(parts))
    wire = Wire(loop, server.port)
    yield wire
    wire.stop()
    server.stop()


@pytest.fixture(scope="session")  # Loaded once for all files.
def whisper(tmp_path_factory: pytest.TempPathFactory, loop: LoopThread) -> Iterator[LiveTranscriber]:
    folder = tmp_path_factory.mktemp("model") / "base"
    install_base_model(folder)
    vocabularies = tmp_path_factory.mktemp("vocabularies")
    (vocabularies / "cardiologie.txt").write_text("bisoprolol\nrivaroxaban\n", "utf-8")
    settings = TranscriberSettings(model_dir=folder, vocabulary_dir=vocabularies, device="cpu", workers=1)

    async def started() -> LiveTranscriber:
        transcriber = make_transcriber(settings)
        await transcriber.start()
        return transcriber

    transcriber = loop.run(started())
    yield transcriber
    loop.run(transcriber.stop(0.0))


@pytest.fixture(scope="session")
def real_server(loop: LoopThread, whisper: LiveTranscriber) -> Iterator[AppServer]:
    """The service as it is shipped, with a real Whisper; a pause ends its sessions with their last words."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CARABIN_TRANSCRIBER_PAGE_IDLE_S", "0.2")
        parts = make_parts(whisper, ServerSettings(), whisper.metrics.registry, whisper.vocabulary_names)
        server = AppServer(loop, create_app(parts))
    yield server
    server.stop()


@pytest.fixture
def real_wire(loop: LoopThread, real_server: AppServer) -> Iterator[Wire]:
    """The way to the real service."""
    wire = Wire(loop, real_server.port)
    yield wire
    wire.stop()


@pytest.fixture
def speaker(transcriber: FakeTranscriber, loop: LoopThread, monkeypatch: pytest.MonkeyPatch) -> Speaker:
    """Somebody whose words a test says itself: the microphone's own sound counts as silence."""
    monkeypatch.setattr("carabin.transcriber.testing.dictation.LOUD", 2.0)
    return Speaker(transcriber, loop)


@pytest.fixture
def open_page(chromium: object, wire: Wire) -> Iterator[Callable[..., Any]]:
    """Open the page; what its console complains of fails the test."""
    context = chromium.new_context(permissions=["microphone", "clipboard-read", "clipboard-write"])  # type: ignore[attr-defined]
    context.set_default_timeout(WAIT_MS)
    complaints: list[str] = []

    def opened(script: str = "", expected: str = "net::") -> Any:
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))

        def record_line(line: Any) -> None:
            network = ("WebSocket connection", "Failed to load resource: net::", expected)
            if line.type == "error" and not any(text in line.text for text in network):
                complaints.append(line.text)

        page.on("console", record_line)
        if script:
            page.add_init_script(script)
        page.goto(f"http://127.0.0.1:{wire.port}/")
        page.wait_for_selector("#report.ProseMirror")  # Nothing can be written before.
        return page

    yield opened
    context.close()
    assert not complaints
