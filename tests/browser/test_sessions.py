"""Days of work on one page: patients, pauses, cuts and choices, and no word lost, doubled or in another's report."""

import json
from typing import Any

import pytest
from carabin.transcriber.testing.transcriber import SCRIPT, FakeTranscriber

from .pages import (
    WAIT_MS,
    Open,
    choose,
    pause,
    record,
    recorded,
    start,
    text,
    units,
    until,
    until_exactly,
    until_pushed,
    until_text,
    until_units,
    words,
)
from .servers import LoopThread, Wire
from .speaker import Speaker

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


def test_spoken_words_appear_first_as_partial_then_as_final(open_page: Open) -> None:
    page = open_page()
    start(page)
    page.wait_for_selector("#report .partial", timeout=WAIT_MS)
    until_units(page, 1)
    assert words(page)[:3] == list(SCRIPT[:3])
    assert page.text_content("#model") == "fake 20260101T000000Z-aaaaaaaaaaaa"
    pause(page)


@pytest.mark.parametrize("web_settings", [{"PAGE_IDLE_S": "0.2"}])
def test_second_session_on_one_page_adds_its_sentences(
    open_page: Open, speaker: Speaker, transcriber: FakeTranscriber
) -> None:
    page = open_page()
    for sentence in ("Premier examen.", "Deuxième examen.", "Troisième examen."):
        start(page)
        speaker.final(sentence)
        pause(page)
        page.wait_for_selector("#state[data-state=closed]", timeout=WAIT_MS)  # The pause ended the session.
    assert len(transcriber.identities) == 3
    assert text(page) == "Premier examen. Deuxième examen. Troisième examen."


def test_erased_sentences_do_not_come_back_when_the_server_repeats_its_last_ones(
    open_page: Open, speaker: Speaker
) -> None:
    page = open_page()
    start(page)
    speaker.final("Phrase de trop.")
    until_text(page, "Phrase de trop.")
    pause(page)
    page.click("#more")
    page.click("#clear")
    page.click("#confirm-yes")
    until_exactly(page, "")
    start(page)
    speaker.final("Phrase voulue.")
    until_text(page, "Phrase voulue.")
    assert text(page) == "Phrase voulue."
    page.click("#undo")
    page.click("#undo")
    assert text(page) == "Phrase de trop."
    pause(page)


def test_words_go_into_the_report_that_was_open_when_they_were_said(
    open_page: Open, transcriber: FakeTranscriber
) -> None:
    page = open_page()
    start(page)
    page.wait_for_selector("#report .partial", timeout=WAIT_MS)
    begun = "(document.querySelector('#new').click(), document.querySelector('#report').innerText.trim())"
    assert page.evaluate(begun) == ""  # In the middle of a sentence, which nothing has finished yet.
    page.fill("#title", "Deuxième patient")
    until_units(page, 1)
    assert len(transcriber.identities) == 2
    second = text(page)
    pause(page)
    page.click("#reports-button")
    page.click("#reports-list li:first-child button")
    assert page.input_value("#title") == ""
    assert len(units(page)) == 1, "the first patient's sentence is lost, or has another's behind it"
    first = words(page)  # As many as were said before the click.
    assert first == list(SCRIPT[: len(first)])
    page.click("#reports-list li:last-child button")
    assert page.input_value("#title") == "Deuxième patient"
    assert text(page).startswith(second)


def _wait_for_other_session(page: Any, speaker: Speaker, first: Any) -> None:
    for _ in range(WAIT_MS // 50):
        if speaker.dictation is not first:
            return
        page.wait_for_timeout(50)
    pytest.fail("the new report got no session of its own")


def test_another_vocabulary_leaves_the_microphone_on_and_loses_no_sentence(
    open_page: Open, speaker: Speaker, transcriber: FakeTranscriber
) -> None:
    page = open_page()
    start(page)
    speaker.final("Avant le vocabulaire.")
    until_text(page, "Avant le vocabulaire.")
    first = speaker.dictation
    choose(page, "#vocabulary", "cardiologie")
    assert page.get_attribute("#dictate", "aria-pressed") == "true"
    _wait_for_other_session(page, speaker, first)
    assert speaker.dictation.config.vocabularies == ("cardiologie",)
    speaker.final("Après le vocabulaire.")
    until_text(page, "Après le vocabulaire.")
    assert text(page) == "Avant le vocabulaire. Après le vocabulaire."
    pause(page)


@pytest.mark.parametrize("others", [("radiologie", "cardiologie")])
def test_another_specialty_is_written_by_its_model_and_loses_no_sentence(open_page: Open, speaker: Speaker) -> None:
    page = open_page()
    start(page)
    speaker.final("Avant la radiologie.")
    until_text(page, "Avant la radiologie.")
    first = speaker.dictation
    assert first.config.model == "fake"
    assert page.locator("#specialty option").all_inner_texts() == ["fake", "radiologie", "cardiologie"]
    choose(page, "#specialty", "radiologie")
    _wait_for_other_session(page, speaker, first)
    assert speaker.dictation.config.model == "radiologie"
    speaker.final("Après.")
    until_text(page, "Après.")
    assert text(page) == "Avant la radiologie. Après."
    pause(page)


def test_one_model_is_no_choice(open_page: Open, speaker: Speaker) -> None:
    page = open_page()
    start(page)
    speaker.final("Un seul modèle.")
    until_text(page, "Un seul modèle.")
    assert page.locator("#specialty-box").get_attribute("hidden") is not None
    assert speaker.dictation.config.model is None
    pause(page)


def test_cut_connection_resumes_without_a_lost_word(open_page: Open, wire: Wire, transcriber: FakeTranscriber) -> None:
    page = open_page()
    start(page)
    page.wait_for_selector("#report .partial", timeout=WAIT_MS)
    wire.cut()
    page.wait_for_selector("#state[data-state=retry]", timeout=WAIT_MS)
    record(page, seconds=1.5)  # Speech goes on while the wire is down: that is what must not be lost.
    until(page, "/votre voix est gardée \\(\\d+ s\\)/.test(document.querySelector('#band').textContent)")
    wire.mend()
    page.wait_for_selector("#state[data-state=open]", timeout=WAIT_MS)
    until_units(page, 1)
    assert not page.is_visible("#band")
    (dictation,) = transcriber.dictations.values()
    pause(page)
    until_pushed(page, dictation)
    assert len(transcriber.identities) == 1, "the session was opened anew instead of resumed"


def test_spoken_command_before_a_cut_is_followed_once(open_page: Open, wire: Wire, speaker: Speaker) -> None:
    page = open_page()
    greetings: list[dict[str, Any]] = []

    def note(sent: str | bytes) -> None:
        if isinstance(sent, str) and sent.startswith("{") and "uid" in (greeting := json.loads(sent)):
            greetings.append(greeting)

    page.on("websocket", lambda socket: socket.on("framesent", note))
    start(page)
    for sentence in ("Phrase une.", "Phrase deux.", "Phrase trois."):
        speaker.final(sentence)
    until_text(page, "Phrase trois.")
    speaker.final("efface ça")
    until_exactly(page, "Phrase une. Phrase deux.")
    wire.cut()
    page.wait_for_selector("#state[data-state=retry]", timeout=WAIT_MS)
    wire.mend()
    page.wait_for_selector("#state[data-state=open]", timeout=WAIT_MS)
    speaker.final("Phrase quatre.")
    until_text(page, "Phrase quatre.")
    assert text(page) == "Phrase une. Phrase deux. Phrase quatre."
    assert greetings[-1]["resume_token"]
    assert greetings[-1]["resume_commands"] == 1  # The service repeats what is behind these alone.
    pause(page)


def test_lost_session_is_opened_anew_with_the_audio_that_was_not_final(
    open_page: Open, wire: Wire, transcriber: FakeTranscriber, loop: LoopThread
) -> None:
    page = open_page()
    start(page)
    until_units(page, 1)
    first = units(page)
    wire.cut()

    async def forget() -> None:
        for dictation in list(transcriber.dictations.values()):
            dictation.cancel()

    loop.run(forget())
    wire.mend()
    page.wait_for_selector("#state[data-state=open]", timeout=WAIT_MS)
    until_units(page, 2)
    assert units(page)[: len(first)] == first
    assert len(transcriber.identities) == 2
    pause(page)


@pytest.mark.parametrize("transcriber", [FakeTranscriber(version=None)])
def test_speech_before_the_model_is_loaded_is_kept_until_it_is(
    open_page: Open, transcriber: FakeTranscriber, loop: LoopThread
) -> None:
    page = open_page()
    page.click("#dictate")
    page.wait_for_selector("#error:not([hidden])", timeout=WAIT_MS)
    assert "pas encore chargé" in page.inner_text("#error")

    async def load() -> None:
        transcriber.swap("20260101T000000Z-aaaaaaaaaaaa")

    loop.run(load())
    page.wait_for_selector("#state[data-state=open]", timeout=WAIT_MS)
    until_units(page, 1)
    assert words(page)[:2] == list(SCRIPT[:2])
    assert not page.is_visible("#error")
    pause(page)


def test_speech_begun_while_the_service_is_away_is_kept_and_written_when_it_answers(
    open_page: Open, wire: Wire, transcriber: FakeTranscriber
) -> None:
    page = open_page(script=COUNT_MICROPHONES)
    page.wait_for_selector("#dictate:enabled", timeout=WAIT_MS)
    wire.cut()
    page.click("#dictate")
    until(page, "(window.carabin?.lastLog.end ?? 0) > 32000")
    assert page.get_attribute("#dictate", "aria-pressed") == "true"
    assert not page.is_visible("#error")
    wire.mend()
    until_units(page, 1)
    pause(page)
    assert page.evaluate("window.tracks.map((track) => track.readyState)") == ["ended"]
    page.click("#dictate")
    until(page, "window.tracks.length === 2")
    pause(page)
    until(page, "window.tracks.every((track) => track.readyState === 'ended')")
    assert page.evaluate("window.graphs") == 1, "the audio graph is made anew at each press"


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
def test_frame_that_comes_behind_a_pause_neither_keeps_a_session_nor_opens_one(
    open_page: Open, speaker: Speaker, transcriber: FakeTranscriber
) -> None:
    page = open_page(script=LATE_FRAME)
    start(page)
    record(page, seconds=0.5)
    pause(page)
    until(page, "window.late === true")
    page.wait_for_selector("#state[data-state=closed]", timeout=WAIT_MS)
    assert len(transcriber.identities) == 1


def test_unplugged_microphone_is_noticed(open_page: Open, speaker: Speaker) -> None:
    page = open_page(script=COUNT_MICROPHONES)
    start(page)
    page.evaluate("window.tracks[0].dispatchEvent(new Event('ended'))")
    page.wait_for_selector("#dictate[aria-pressed=false]", timeout=WAIT_MS)
    assert "débranché" in page.inner_text("#error")


def test_dead_input_is_shown_after_five_seconds(open_page: Open, speaker: Speaker) -> None:
    silent = """
    navigator.mediaDevices.getUserMedia = async () => new AudioContext().createMediaStreamDestination().stream;
    """
    page = open_page(script=silent)
    start(page)
    until(page, "document.querySelector('#input-text').textContent === 'Rien entendu depuis 5 s'")
    assert recorded(page) >= 5 * 16_000
    pause(page)
    assert page.text_content("#input-text") == ""


def test_model_that_changes_under_the_dictation_is_shown(
    open_page: Open, transcriber: FakeTranscriber, loop: LoopThread
) -> None:
    page = open_page()
    start(page)
    page.wait_for_selector("#report .partial", timeout=WAIT_MS)

    async def swap() -> None:
        transcriber.swap("20260202T000000Z-bbbbbbbbbbbb")

    loop.run(swap())
    until(page, "document.querySelector('#toast').textContent.includes('20260202T000000Z-bbbbbbbbbbbb')")
    assert "20260202T000000Z-bbbbbbbbbbbb" in (page.text_content("#model") or "")
    pause(page)


NOTE_CHOICES = """
window.asked = [];
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wanted) => {
  const stream = await ask(wanted);
  window.asked.push({ wanted: wanted.audio.deviceId?.exact ?? '', tracks: stream.getTracks() });
  return stream;
};
"""


def test_microphone_is_chosen_tried_and_then_used(open_page: Open, speaker: Speaker) -> None:
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
    speaker.final("Avec le micro choisi.")
    until_units(page, 1)
    pause(page)
