"""Chromium with a fake microphone; without a Chromium on the machine these tests are skipped, and say so."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from carabin.trainer.models.embedded import install_base_model
from carabin.transcriber.bootstrap import make_transcriber
from carabin.transcriber.core.api import Transcriber
from carabin.transcriber.runtime.transcriber import LiveTranscriber
from carabin.transcriber.settings.model import TranscriberSettings
from carabin.transcriber.testing.transcriber import FakeTranscriber

from .pages import WAIT_MS
from .servers import AppServer, LoopThread, Wire, serve
from .speaker import Speaker
from .transcript import RATE_HZ, SENTENCES, as_wav, spoken

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what fails once more, since real speech is cut into utterances as the load allows; the summary counts it."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def french_wav(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three French sentences with pauses, spoken by a voice that needs no network."""
    pause = np.zeros(RATE_HZ, np.int16)
    parts = [pause]
    for sentence in SENTENCES:
        parts += [spoken(sentence), pause]
    path = tmp_path_factory.mktemp("microphone") / "french.wav"
    path.write_bytes(as_wav(np.concatenate(parts)))
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


@pytest.fixture(scope="session")
def base_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Whisper base as a CTranslate2 folder."""
    return install_base_model(tmp_path_factory.mktemp("model") / "base")


@pytest.fixture(scope="session")  # Loaded once for all files.
def whisper(base_folder: Path, tmp_path_factory: pytest.TempPathFactory, loop: LoopThread) -> Iterator[LiveTranscriber]:
    """The real transcriber with a real Whisper base."""
    vocabularies = tmp_path_factory.mktemp("vocabularies")
    (vocabularies / "cardiologie.txt").write_text("bisoprolol\nrivaroxaban\n", "utf-8")
    settings = TranscriberSettings(model_dir=base_folder, vocabulary_dir=vocabularies, device="cpu", workers=1)

    async def started() -> LiveTranscriber:
        transcriber = make_transcriber(settings)
        await transcriber.start()
        return transcriber

    transcriber = loop.run(started())
    yield transcriber
    loop.run(transcriber.stop(0.0))


@pytest.fixture
def transcriber(whisper: LiveTranscriber) -> Transcriber:
    """What writes: the real one. A module that forces a fault, a moment or a value takes `fake`, and says why."""
    return whisper


@pytest.fixture
def fake_choices() -> dict[str, Any]:
    """How the fake differs from a model that is loaded and serves alone."""
    return {}


@pytest.fixture
def fake(loop: LoopThread, fake_choices: dict[str, Any]) -> FakeTranscriber:
    """The shipped fake, which writes what a test tells it to."""
    choices = {"vocabularies": ("cardiologie",), "version": "20260101T000000Z-aaaaaaaaaaaa"} | fake_choices
    fake = FakeTranscriber(**choices)
    loop.run(fake.start())
    return fake


@pytest.fixture
def web_settings() -> dict[str, str]:
    """Settings of the transcriber's pages and protocols, without their prefix."""
    return {}


@pytest.fixture
def server(
    loop: LoopThread, transcriber: Transcriber, web_settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[AppServer]:
    """The service as it is shipped around a transcriber; a pause ends its sessions with their last words."""
    for name, value in ({"PAGE_IDLE_S": "0.2"} | web_settings).items():
        monkeypatch.setenv(f"CARABIN_TRANSCRIBER_{name}", value)
    server = serve(loop, transcriber)
    yield server
    server.stop()


@pytest.fixture
def wire(loop: LoopThread, server: AppServer) -> Iterator[Wire]:
    """The way to the service."""
    wire = Wire(loop, server.port)
    yield wire
    wire.stop()


@pytest.fixture
def speaker(fake: FakeTranscriber, loop: LoopThread, monkeypatch: pytest.MonkeyPatch) -> Speaker:
    """Somebody whose words a test gives the fake itself: the microphone's own sound counts as silence."""
    monkeypatch.setattr("carabin.transcriber.testing.dictation.LOUD", 2.0)
    return Speaker(fake, loop)


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
