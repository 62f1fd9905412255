"""The page in Firefox: written by hand, and by a voice in its microphone while somebody types and the wire is cut."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from .firefox import FirefoxPage, firefox
from .pages import finish, record, recorded, start, text, until, until_text, words
from .servers import Wire
from .sound import Sound, missing_program, sound
from .transcript import TRANSCRIPT, share_recognised

FIREFOX = next(filter(None, map(shutil.which, ("firefox-esr", "firefox"))), None)


NOTE_MESSAGES = """(() => {
  window.messages = [];
  window.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', ({ data }) => messages.push(JSON.parse(data)));
    }
  };
})()"""


def opened(profile: Path, port: int, environment: dict[str, str] | None = None) -> Iterator[FirefoxPage]:
    if FIREFOX is None:
        pytest.skip("no Firefox on this machine: apt-get install firefox-esr")
    with firefox(FIREFOX, profile, environment) as running:
        running.goto(f"http://127.0.0.1:{port}/")
        until(running, "document.querySelector('[data-autotext]') !== null")
        until(running, "!document.querySelector('#dictate').disabled")
        yield running
        assert not running.complaints


@pytest.fixture
def page(wire: Wire, tmp_path: Path) -> Iterator[FirefoxPage]:
    yield from opened(tmp_path, wire.port)


@pytest.fixture(scope="module")
def speech() -> Iterator[Sound]:
    if missing := missing_program():
        pytest.skip(f"no {missing} on this machine: apt-get install pulseaudio")
    with sound() as running:
        yield running


@pytest.fixture
def spoken_page(wire: Wire, tmp_path: Path, speech: Sound) -> Iterator[FirefoxPage]:
    """The page with a microphone."""
    yield from opened(tmp_path, wire.port, speech.environment)


def test_report_is_written_and_taken_back_in_firefox(page: FirefoxPage) -> None:
    page.click("#report")
    page.type("Motif.")
    until_text(page, "Motif.")
    page.click("#insert")
    until(page, "document.activeElement.dataset.autotext !== undefined")
    page.click("[data-autotext='signature']")
    until(page, "document.querySelector('.variable.ProseMirror-selectednode') !== null")
    page.type("Martin")
    until_text(page, "Martin")
    assert text(page) == "Motif. Dr Martin\nPraticien hospitalier"
    page.press("Control", "z")
    page.press("Control", "z")
    assert text(page) == "Motif."
    page.press("Control", "y")
    assert text(page) == "Motif. Dr nom\nPraticien hospitalier"
    page.click("#new")
    assert text(page) == ""
    page.type("Autre patient.")
    until_text(page, "Autre patient.")
    page.click("#reports-button")
    page.click("#reports-list li:first-child button")
    assert text(page).startswith("Motif. Dr")


def test_policy_lets_every_module_and_style_load_in_firefox(page: FirefoxPage) -> None:
    assert page.evaluate("getComputedStyle(document.querySelector('footer')).display") == "grid"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_microphones_speech_is_written_though_somebody_types_and_the_wire_is_cut_in_firefox(
    spoken_page: FirefoxPage, wire: Wire, speech: Sound, french_wav: Path
) -> None:
    page = spoken_page
    page.evaluate(NOTE_MESSAGES)
    start(page)
    player = speech.play(french_wav)
    record(page, seconds=2.0)
    page.click("#report")
    page.type("Tapé. ")
    wire.cut()
    page.wait_for_selector("#state[data-state=retry]")
    record(page, seconds=1.5)
    until(page, "/votre voix est gardée/.test(document.querySelector('#band').textContent)")
    page.type("Relu. ")
    wire.mend()
    page.wait_for_selector("#state[data-state=open]")
    assert player.wait(180) == 0
    record(page, seconds=1.0)
    finish(page)
    written = text(page)
    assert written.count("Tapé.") == written.count("Relu.") == 1, written
    assert share_recognised([word for word in words(page) if word not in {"Tapé", "Relu"}]) >= TRANSCRIPT, written
    messages = page.evaluate("window.messages")
    assert [message["resumed"] for message in messages if "resumed" in message] == [False, True]
    flushed = [message["audio_s"] for message in messages if message.get("event") == "flushed"]
    assert abs(flushed[-1] - recorded(page) / 16_000) < 0.001, "a sample is lost, or came twice"
