"""French speech through a real Chromium, the real protocol and a real Whisper, with the wire cut in mid-sentence."""

import re
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher
from typing import Any

import pytest
from carabin.trainer.models.embedded import install_base_model
from carabin.transcriber.bootstrap import make_transcriber
from carabin.transcriber.http.app import create_app, make_parts
from carabin.transcriber.runtime.transcriber import LiveTranscriber
from carabin.transcriber.settings.model import TranscriberSettings
from carabin.transcriber.settings.server import ServerSettings

from .conftest import SENTENCES
from .pages import WAIT_MS, pause, record, start, until, words
from .servers import AppServer, LoopThread, Wire

SPOKEN_S = 11
"""Seconds after which all sentences were spoken."""

TRANSCRIPT = 0.6
"""Share of the spoken words that Whisper base recognises of a synthetic voice; the rest is the voice's fault."""


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory, loop: LoopThread) -> Iterator[LiveTranscriber]:
    folder = tmp_path_factory.mktemp("model") / "base"
    install_base_model(folder)

    async def started() -> LiveTranscriber:
        transcriber = make_transcriber(TranscriberSettings(model_dir=folder, device="cpu", workers=1))
        await transcriber.start()
        return transcriber

    transcriber = loop.run(started())
    yield transcriber
    loop.run(transcriber.stop(0.0))


@pytest.fixture
def wire(loop: LoopThread, whisper: LiveTranscriber, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    monkeypatch.setenv("CARABIN_TRANSCRIBER_PAGE_IDLE_S", "0.2")  # The pause ends the session, with its last words.
    parts = make_parts(whisper, ServerSettings(), whisper.metrics.registry)
    server = AppServer(loop, create_app(parts))
    wire = Wire(loop, server.port)
    yield wire
    wire.stop()
    server.stop()


def test_french_speech_is_written_though_the_wire_was_cut(open_page: Callable[[], Any], wire: Wire) -> None:
    page = open_page()
    start(page)
    record(page, seconds=3.0)
    wire.cut()
    page.wait_for_selector("#state[data-state=retry]", timeout=WAIT_MS)
    record(page, seconds=1.5)
    wire.mend()
    page.wait_for_selector("#state[data-state=open]", timeout=WAIT_MS)
    until(page, f"window.carabin.lastLog.end >= {16_000 * SPOKEN_S}")
    pause(page)
    page.wait_for_selector("#state[data-state=closed]", timeout=2 * WAIT_MS)
    spoken = re.findall(r"\w+", " ".join(SENTENCES).casefold().replace("douze sur huit", "12/8"))
    recognised = [word.casefold() for word in words(page)]
    common = sum(block.size for block in SequenceMatcher(None, spoken, recognised, False).get_matching_blocks())
    assert common / len(spoken) >= TRANSCRIPT, f"recognised {recognised}"
