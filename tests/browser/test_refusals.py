"""What the page says and does when the service refuses, warns, or ends a session: in French, and no word is lost."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from carabin.transcriber.whisperlive import connection
from carabin.transcriber.wire import status

from .microphone import MICROPHONE, Messages, dictate, play, say, until_written
from .pages import WAIT_MS, Open, finish, start, text, until, words
from .transcript import RATE_HZ, SENTENCES, TRANSCRIPT, share_recognised

FIRST, SECOND, _ = SENTENCES
NOISE = np.random.default_rng(0).choice(np.array([-32767, 32767], np.int16), 3 * RATE_HZ)
"""What the bytes of another format sound like: no voice is that loud and that white."""
OF_RECORDINGS = {"uploads_full", "upload_too_slow", "bad_audio_file"}
FRENCH_OF = """async (codes) => {
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


def test_every_code_of_the_service_has_a_french_sentence(open_page: Open) -> None:
    labels = {each.label for each in status._TABLE.values()} | {status.status_of(ValueError()).label}
    outcomes = {outcome for _, reason, outcome in connection._ENDINGS.values() if reason}
    codes = sorted((labels | outcomes) - OF_RECORDINGS - {"cancelled"})
    assert len(codes) > 15
    said = dict(zip(codes, open_page().evaluate(FRENCH_OF, codes), strict=True))
    assert not {code: sentence for code, sentence in said.items() if code in sentence}


def test_microphone_whose_sound_is_no_voice_is_switched_off_and_the_next_words_are_written(open_page: Open) -> None:
    page = open_page(MICROPHONE)
    messages = Messages(page)
    page.evaluate(HAND_OVER_LATE)
    start(page)
    dictate(page, FIRST)
    written = text(page)
    play(page, NOISE, whole=False)
    until(page, "document.querySelector('#error-text').textContent.includes('ne peut pas être une voix')")
    page.wait_for_selector("#dictate[aria-pressed=false]", timeout=WAIT_MS)
    until(page, "window.handedOver")
    assert messages.connections == 1  # The last sound of a refused microphone opens no session.
    assert "ne peut pas être une voix" in page.text_content("#error-text")
    assert text(page).startswith(written)
    start(page)
    assert messages.connections == 2
    say(page, SECOND)
    finish(page)
    assert share_recognised(words(page), [FIRST, SECOND]) >= TRANSCRIPT, text(page)


def test_what_is_said_while_a_close_is_under_way_is_kept_and_not_sent(open_page: Open) -> None:
    page = open_page()
    url = page.evaluate("location.href.replace('http', 'ws')")
    assert page.evaluate(SPEAK_WHILE_CLOSING, url) == {"kept": 1600, "flushing": True}


def wait(uid: str) -> str:
    return json.dumps({"uid": uid, "status": "WAIT", "message": 0.01})


def slow(uid: str) -> str:
    return json.dumps({"uid": uid, "status": "ERROR", "code": "slow_reader", "message": "nothing was read for 30 s"})


@pytest.mark.parametrize(
    ("answer", "code", "sentence"), [(wait, 1013, "complet"), (slow, 1008, "trop lente"), (None, 4000, None)]
)
def test_first_connection_that_is_turned_away_for_a_time_loses_no_word(
    open_page: Open, answer: Callable[[str], str] | None, code: int, sentence: str | None
) -> None:
    page = open_page(MICROPHONE)
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
    until(page, "window.carabin !== undefined")  # The first sound of the microphone opened the connection.
    say(page, FIRST, whole=False)
    if sentence:
        until(page, f"document.querySelector('#error-text').textContent.includes({sentence!r})")
    page.wait_for_selector("#state[data-state=open]", timeout=WAIT_MS)
    assert not page.is_visible("#error")
    until_written(page, 0)
    finish(page)
    assert share_recognised(words(page), [FIRST]) >= TRANSCRIPT, text(page)
