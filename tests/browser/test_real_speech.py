"""French speech through a real Chromium, the real protocol and a real Whisper, with the wire cut in mid-sentence."""

from collections.abc import Callable
from typing import Any

import pytest

from .pages import WAIT_MS, pause, record, start, until, words
from .servers import Wire
from .transcript import TRANSCRIPT, share_recognised

SPOKEN_S = 11
"""Seconds after which all sentences were spoken."""


@pytest.fixture
def wire(real_wire: Wire) -> Wire:
    """Let the page be the real service's."""
    return real_wire


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
    assert share_recognised(words(page)) >= TRANSCRIPT, words(page)
