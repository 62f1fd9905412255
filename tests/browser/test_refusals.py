"""What the page says and does when the service refuses, warns, or ends a session: in French, and no word is lost."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from carabin.transcriber.core.events import SessionWarning
from carabin.transcriber.testing.transcriber import FakeTranscriber
from carabin.transcriber.whisperlive import connection
from carabin.transcriber.wire import status

from .pages import WAIT_MS, Open, pause, record, start, text, until, until_exactly, until_text, until_units
from .servers import LoopThread
from .speaker import Speaker

OF_RECORDINGS = {"uploads_full", "upload_too_slow", "bad_audio_file"}
SENTENCES = """async (codes) => {
  const { sentenceFor } = await import('./web/js/session/sentences.js');
  return codes.map((code) => sentenceFor(code, true));
}"""

# What is said between the start of a close and its end: the browser would drop it, with a warning in the console.
SPEAK_WHILE_CLOSING = """async (url) => {
  const { Connection } = await import('./web/js/session/connection.js');
  const connection = new Connection(url, () => ({}));
  const ready = new Promise((resolve) => connection.addEventListener('ready', resolve));
  connection.open();
  await ready;
  connection.ending = true;
  connection.socket.close();
  connection.send(new Int16Array(1600));
  connection.flush();
  connection.finish();
  return { kept: connection.pending, flushing: connection.flushing };
}"""

# The audio thread answers after the server has closed: on a busy machine it does.
HAND_OVER_LATE = """() => {
  const post = MessagePort.prototype.postMessage;
  MessagePort.prototype.postMessage = function (message, ...rest) {
    if (message !== "flush") return post.call(this, message, ...rest);
    setTimeout(() => post.call(this, message, ...rest), 1000);
    setTimeout(() => { window.handedOver = true; }, 2000);
  };
}"""


def until_session(page: Any, transcriber: FakeTranscriber, count: int) -> None:
    """Wait until so many sessions were opened."""
    for _ in range(WAIT_MS // 50):
        if len(transcriber.identities) >= count:
            return
        page.wait_for_timeout(50)
    pytest.fail(f"{len(transcriber.identities)} sessions were opened, not {count}")


def test_every_code_of_the_service_has_a_french_sentence(open_page: Open) -> None:
    labels = {each.label for each in status._TABLE.values()} | {status.status_of(ValueError()).label}
    outcomes = {outcome for _, reason, outcome in connection._ENDINGS.values() if reason}
    codes = sorted((labels | outcomes) - OF_RECORDINGS - {"cancelled"})
    assert len(codes) > 15
    said = dict(zip(codes, open_page().evaluate(SENTENCES, codes), strict=True))
    assert not {code: sentence for code, sentence in said.items() if code in sentence}


def test_microphone_whose_sound_is_no_voice_is_switched_off_and_the_next_words_are_written(
    open_page: Open, speaker: Speaker, transcriber: FakeTranscriber, loop: LoopThread
) -> None:
    page = open_page()
    page.evaluate(HAND_OVER_LATE)
    start(page)
    speaker.final("Avant le défaut.")
    until_text(page, "Avant le défaut.")

    async def refuse() -> None:
        speaker.dictation.fail(
            "the audio cannot be int16 at 16 kHz, mono: it has noise over its whole scale", not_audio=True
        )

    loop.run(refuse())
    until(page, "document.querySelector('#error-text').textContent.includes('ne peut pas être une voix')")
    page.wait_for_selector("#dictate[aria-pressed=false]", timeout=WAIT_MS)
    until(page, "window.handedOver")
    assert len(transcriber.identities) == 1  # The last sound of a refused microphone opens no session.
    assert "ne peut pas être une voix" in page.text_content("#error-text")
    pause(page)
    start(page)
    until_session(page, transcriber, 2)
    speaker.final("Après le défaut.")
    until_text(page, "Après le défaut.")
    assert text(page) == "Avant le défaut. Après le défaut."
    pause(page)


def test_what_is_said_while_a_close_is_under_way_is_kept_and_not_sent(open_page: Open) -> None:
    page = open_page()
    url = page.evaluate("location.href.replace('http', 'ws')")
    assert page.evaluate(SPEAK_WHILE_CLOSING, url) == {"kept": 1600, "flushing": True}


def test_warning_about_the_sound_is_shown_in_french_and_one_for_authors_is_not(
    open_page: Open, speaker: Speaker, loop: LoopThread
) -> None:
    page = open_page()
    start(page)

    async def warn(code: str) -> None:
        speaker.dictation.emit(SessionWarning(code, "an English sentence"))

    loop.run(warn("prompt_cut"))
    speaker.final("Phrase suivante.")
    until_units(page, 1)
    assert page.text_content("#toast") == ""
    loop.run(warn("sample_rate"))
    until(page, "document.querySelector('#toast').textContent.includes('trop lent ou trop rapide')")
    pause(page)


@pytest.mark.parametrize("web_settings", [{"SESSION_HOURS": "0.003"}])
def test_session_that_reached_its_longest_time_is_continued_by_another(
    open_page: Open, speaker: Speaker, transcriber: FakeTranscriber
) -> None:
    page = open_page()
    start(page)
    speaker.final("Première heure.")
    until_text(page, "Première heure.")
    until_session(page, transcriber, 2)
    page.wait_for_selector("#state[data-state=open]", timeout=WAIT_MS)
    speaker.final("Deuxième heure.")
    until_text(page, "Deuxième heure.")
    assert text(page) == "Première heure. Deuxième heure."
    assert page.get_attribute("#dictate", "aria-pressed") == "true"
    pause(page)


def wait(uid: str) -> str:
    return json.dumps({"uid": uid, "status": "WAIT", "message": 0.01})


def slow(uid: str) -> str:
    return json.dumps({"uid": uid, "status": "ERROR", "code": "slow_reader", "message": "nothing was read for 30 s"})


@pytest.mark.parametrize(
    ("answer", "code", "sentence"), [(wait, 1013, "complet"), (slow, 1008, "trop lente"), (None, 4000, None)]
)
def test_first_connection_that_is_turned_away_for_a_time_loses_no_word(
    open_page: Open,
    speaker: Speaker,
    answer: Callable[[str], str] | None,
    code: int,
    sentence: str | None,
) -> None:
    page = open_page()
    turned_away: list[str] = []

    def serve(socket: Any) -> None:
        if turned_away:
            socket.connect_to_server()
            return

        def refuse(hello: Any) -> None:
            uid = json.loads(hello)["uid"]
            turned_away.append(uid)
            if answer:
                socket.send(answer(uid))
            socket.close(code=code)

        socket.on_message(refuse)

    page.route_web_socket("**/ws", serve)
    page.click("#dictate")
    if sentence:
        until(page, f"document.querySelector('#error-text').textContent.includes({sentence!r})")
    page.wait_for_selector("#state[data-state=open]", timeout=WAIT_MS)
    assert not page.is_visible("#error")
    record(page, seconds=0.5)
    speaker.final("Écrit ensuite.")
    until_exactly(page, "Écrit ensuite.")
    assert speaker.dictation.pushed_samples > 0
    pause(page)
