"""Days of work on one page: patients, pauses, cuts and choices, and no word lost, doubled or in another's report."""

from collections.abc import Iterator

import pytest
from carabin.transcriber.core.api import Transcriber
from carabin.transcriber.runtime.transcriber import LiveTranscriber

from .microphone import MICROPHONE, Messages, begin, dictate, open_and_dictate, say, until_written
from .pages import (
    WAIT_MS,
    Open,
    choose,
    finish,
    pause,
    record,
    recorded,
    shown,
    start,
    text,
    units,
    until,
    until_exactly,
    until_units,
    words,
    words_of,
)
from .servers import AppServer, LoopThread, Wire, serve
from .transcript import SENTENCES, TRANSCRIPT, WITHOUT_PAUSE, share_recognised

FIRST, SECOND, THIRD = SENTENCES

SPOKEN_S = 11
"""Seconds after which Chromium's own microphone has said all sentences."""

COUNT_MICROPHONES = """
window.tracks = [];
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wanted) => {
  const stream = await ask(wanted);
  window.tracks.push(...stream.getTracks());
  return stream;
};
window.graphs = 0;
const add = AudioWorklet.prototype.addModule;
AudioWorklet.prototype.addModule = function (...module) {
  window.graphs += 1;
  return add.apply(this, module);
};
"""


def test_spoken_words_appear_first_as_partial_then_as_final(open_page: Open, whisper: LiveTranscriber) -> None:
    page = open_page(MICROPHONE)
    start(page)
    begin(page)
    assert shown(page)
    assert text(page) == "", "words in progress count as written"
    finish(page)
    assert share_recognised(words(page), [WITHOUT_PAUSE]) >= TRANSCRIPT, text(page)
    assert page.text_content("#model") == f"{whisper.model.name} {whisper.model.version}"


def test_each_patients_words_stand_in_that_patients_report_and_are_copied_from_it(open_page: Open) -> None:
    page = open_page(MICROPHONE)
    start(page)
    say(page, FIRST)
    page.click("#new")  # The sentence was said, and nothing of it is final.
    page.fill("#title", "Deuxième patient")
    say(page, SECOND)
    until_written(page, 0)
    finish(page)
    assert share_recognised(words(page), [SECOND]) >= TRANSCRIPT, text(page)
    assert "douleur" not in text(page)
    page.click("#reports-button")
    page.click("#reports-list li:first-child button")
    assert page.input_value("#title") == ""
    assert share_recognised(words(page), [FIRST]) >= TRANSCRIPT, text(page)
    assert "tension" not in text(page)
    page.click("#copy")
    until(page, "document.querySelector('#toast').textContent !== ''")
    assert page.evaluate("navigator.clipboard.readText()") == text(page)


def test_report_begun_in_the_middle_of_a_sentence_takes_the_words_said_after_it(open_page: Open) -> None:
    page = open_page(MICROPHONE)
    messages = Messages(page)
    start(page)
    begin(page, " ".join(SENTENCES))
    begun = "(document.querySelector('#new').click(), document.querySelector('#report').innerText.trim())"
    assert page.evaluate(begun) == ""  # Nothing has finished the words that are in progress yet.
    page.fill("#title", "Deuxième patient")
    finish(page)
    second = words(page)
    page.click("#reports-button")
    page.click("#reports-list li:first-child button")
    assert page.input_value("#title") == ""
    first = words(page)
    assert first
    assert messages.connections == 2
    assert share_recognised([*first, *second]) >= TRANSCRIPT, (first, second)
    assert share_recognised(first, [THIRD]) < 0.5, "the first patient's report has words said for the second"
    page.click("#reports-list li:last-child button")
    assert page.input_value("#title") == "Deuxième patient"
    assert words(page) == second


def test_sentences_of_three_sessions_and_two_vocabularies_stand_in_order_and_are_taken_back_in_turn(
    open_page: Open,
) -> None:
    page, messages = open_and_dictate(open_page, FIRST)
    choose(page, "#vocabulary", "cardiologie")
    assert page.get_attribute("#dictate", "aria-pressed") == "true"
    say(page, SECOND)
    finish(page)
    start(page)
    say(page, THIRD)
    finish(page)
    assert messages.connections == 3
    assert [greeting["vocabularies"] for greeting in messages.greetings] == [[], ["cardiologie"], ["cardiologie"]]
    written = text(page)
    assert share_recognised(words(page)) >= TRANSCRIPT, written
    shorter = [written]
    while shorter[-1]:
        page.click("#undo")
        shorter.append(text(page))
        assert len(shorter) <= 20, "undo took nothing back"
        assert shorter[-2].startswith(shorter[-1]), shorter
    assert len(shorter) > 3
    for longer in reversed(shorter[:-1]):
        page.click("#redo")
        assert text(page) == longer


@pytest.mark.parametrize("web_settings", [{"PAGE_IDLE_S": "120"}])
def test_erased_sentences_do_not_come_back_when_the_server_repeats_its_last_ones(open_page: Open) -> None:
    page, messages = open_and_dictate(open_page, FIRST)
    pause(page)
    erased = text(page)
    page.click("#more")
    page.click("#clear")
    page.click("#confirm-yes")
    until_exactly(page, "")
    start(page)
    dictate(page, SECOND)
    assert messages.connections == 1
    assert any(len(message.get("segments", [])) > 1 for message in messages.received)  # The first one is repeated.
    assert share_recognised(words(page), [SECOND]) >= TRANSCRIPT, text(page)
    assert "douleur" not in text(page)
    for _ in range(len(units(page)) + 1):
        page.click("#undo")
    assert text(page) == erased
    pause(page)


def test_one_model_is_no_choice(open_page: Open) -> None:
    page, messages = open_and_dictate(open_page, FIRST)
    assert page.locator("#specialty-box").get_attribute("hidden") is not None
    assert messages.greetings[0].get("model") is None
    finish(page)


def test_speech_goes_on_through_a_cut_in_mid_sentence_and_every_sample_arrives_once(
    open_page: Open, wire: Wire
) -> None:
    page = open_page()  # The browser's own microphone: Chromium plays a file into it.
    messages = Messages(page)
    start(page)
    record(page, seconds=3.0)
    wire.cut()
    page.wait_for_selector("#state[data-state=retry]", timeout=WAIT_MS)
    record(page, seconds=1.5)  # Speech goes on while the wire is down: that is what must not be lost.
    until(page, "/votre voix est gardée \\(\\d+ s\\)/.test(document.querySelector('#band').textContent)")
    wire.mend()
    page.wait_for_selector("#state[data-state=open]", timeout=WAIT_MS)
    assert not page.is_visible("#band")
    until(page, f"window.carabin.lastLog.end >= {16_000 * SPOKEN_S}")
    finish(page)
    assert share_recognised(words(page)) >= TRANSCRIPT, words(page)
    sessions = {message["session"] for message in messages.received if message.get("message") == "SERVER_READY"}
    assert len(sessions) == 1, "the session was opened anew instead of resumed"
    assert abs(messages.events("flushed")[-1]["audio_s"] - recorded(page) / 16_000) < 0.001


@pytest.fixture
def restarted(loop: LoopThread, server: AppServer, transcriber: Transcriber) -> Iterator[AppServer]:
    """The service as it is after a restart: it knows none of the sessions of the first."""
    restarted = serve(loop, transcriber)
    yield restarted
    restarted.stop()


def test_session_that_the_restarted_service_does_not_know_is_opened_anew_with_what_was_not_final(
    open_page: Open, wire: Wire, restarted: AppServer
) -> None:
    page, messages = open_and_dictate(open_page, FIRST)
    written = text(page)
    begin(page)
    wire.cut()
    page.wait_for_selector("#state[data-state=retry]", timeout=WAIT_MS)
    wire.mend(restarted.port)
    page.wait_for_selector("#state[data-state=open]", timeout=WAIT_MS)
    finish(page)
    assert text(page).startswith(written)
    assert share_recognised(words_of(text(page).removeprefix(written)), [WITHOUT_PAUSE]) >= TRANSCRIPT, text(page)
    assert words(page).count("thoracique") == 2, "a sentence was written twice"
    assert [message["resumed"] for message in messages.received if "resumed" in message] == [False, False]


def test_speech_begun_while_the_service_is_away_is_kept_and_written_when_it_answers(
    open_page: Open, wire: Wire
) -> None:
    page = open_page(script=MICROPHONE + COUNT_MICROPHONES)
    page.wait_for_selector("#dictate:enabled", timeout=WAIT_MS)
    wire.cut()
    page.click("#dictate")
    until(page, "window.tracks.length === 1")
    say(page, FIRST)
    until(page, "(window.carabin?.lastLog.end ?? 0) > 32000")
    assert page.get_attribute("#dictate", "aria-pressed") == "true"
    assert not page.is_visible("#error")
    wire.mend()
    until_written(page, 0)
    finish(page)
    assert share_recognised(words(page), [FIRST]) >= TRANSCRIPT, text(page)
    assert page.evaluate("window.tracks.map((track) => track.readyState)") == ["ended"]
    page.click("#dictate")
    until(page, "window.tracks.length === 2")
    pause(page)
    until(page, "window.tracks.every((track) => track.readyState === 'ended')")
    assert page.evaluate("window.graphs") == 1, "the audio graph is made anew at each press"


@pytest.mark.parametrize("web_settings", [{"SESSION_HOURS": "0.0012"}])  # Four seconds.
def test_sentences_that_go_on_past_a_sessions_longest_time_are_all_written(open_page: Open) -> None:
    page = open_page(MICROPHONE)
    messages = Messages(page)
    start(page)
    for sentence in SENTENCES:
        say(page, sentence)
    assert page.get_attribute("#dictate", "aria-pressed") == "true"
    finish(page)  # While the service still writes the end of the first session.
    assert messages.connections > 1
    assert share_recognised(words(page)) >= TRANSCRIPT, text(page)
    assert words(page).count("thoracique") == words(page).count("stable") == 1, "a sentence was written twice"


def test_failed_start_leaves_no_microphone_open_and_says_why_in_french(open_page: Open) -> None:
    page = open_page(
        script=COUNT_MICROPHONES + "AudioContext.prototype.resume = async () => { throw new Error('no'); };"
    )
    page.click("#dictate")
    page.wait_for_selector("#error:not([hidden])", timeout=WAIT_MS)
    assert "ne peut pas être enregistré" in page.inner_text("#error")
    assert page.evaluate("window.tracks.map((track) => track.readyState)") == ["ended"]
    assert page.get_attribute("#dictate", "aria-pressed") == "false"


LATE_FRAME = """
const Node = AudioWorkletNode;
window.AudioWorkletNode = class extends Node {
  constructor(...given) {
    super(...given);
    window.capture = this;
  }
};
const suspend = AudioContext.prototype.suspend;
AudioContext.prototype.suspend = function () {
  const suspended = suspend.call(this);
  suspended.then(() => setTimeout(() => {
    window.capture.port.onmessage({ data: { pcm: new Int16Array(1600), peak: 0, flushed: false } });
    window.late = true;
  }));
  return suspended;
};
"""


@pytest.mark.parametrize("web_settings", [{"PAGE_IDLE_S": "1"}])
def test_frame_that_comes_behind_a_pause_neither_keeps_a_session_nor_opens_one(open_page: Open) -> None:
    page = open_page(script=MICROPHONE + LATE_FRAME)
    messages = Messages(page)
    start(page)
    record(page, seconds=0.5)
    pause(page)
    until(page, "window.late === true")
    page.wait_for_selector("#state[data-state=closed]", timeout=WAIT_MS)
    assert messages.connections == 1


def test_unplugged_microphone_is_noticed(open_page: Open) -> None:
    page = open_page(script=COUNT_MICROPHONES)
    start(page)
    page.evaluate("window.tracks[0].dispatchEvent(new Event('ended'))")
    page.wait_for_selector("#dictate[aria-pressed=false]", timeout=WAIT_MS)
    assert "débranché" in page.inner_text("#error")


def test_dead_input_is_shown_after_five_seconds(open_page: Open) -> None:
    page = open_page(MICROPHONE)
    start(page)
    until(page, "document.querySelector('#input-text').textContent === 'Rien entendu depuis 5 s'")
    assert recorded(page) >= 5 * 16_000
    pause(page)
    assert page.text_content("#input-text") == ""


NOTE_CHOICES = """
window.asked = [];
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wanted) => {
  const stream = await ask(wanted);
  window.asked.push({ wanted: wanted.audio.deviceId?.exact ?? '', tracks: stream.getTracks() });
  return stream;
};
"""


def test_microphone_is_chosen_tried_and_then_used(open_page: Open) -> None:
    page = open_page(script=NOTE_CHOICES)
    page.wait_for_selector("#dictate:enabled", timeout=WAIT_MS)
    page.click("#settings-button")
    until(page, "document.querySelectorAll('#device option').length > 2")
    device = page.eval_on_selector("#device option:nth-child(3)", "option => option.value")
    page.select_option("#device", device)
    page.click("#test-level")
    until(page, "document.querySelector('#tested-level').value > 0")
    assert page.inner_text("#test-level") == "Arrêter l'essai"
    page.keyboard.press("Escape")  # The trial ends with the drawer.
    until(page, "asked.length === 1 && asked[0].tracks.every(({ readyState }) => readyState === 'ended')")
    until(page, "document.querySelector('#tested-level').value === 0")
    start(page)
    assert page.evaluate("asked.map(({ wanted }) => wanted)") == [device, device]
    until_units(page, 1)
    finish(page)
