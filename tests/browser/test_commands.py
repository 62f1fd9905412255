"""Commands said into the page and recognised by the real Whisper: each is followed, once, and writes nothing."""

from typing import Any

import pytest

from .microphone import MICROPHONE, Messages, dictate, open_and_dictate, play, say
from .pages import WAIT_MS, Open, finish, record, start, text, until, until_exactly, until_so, until_text, words_of
from .servers import Wire
from .transcript import SENTENCES, TRANSCRIPT, share_recognised, spoken

FIRST, SECOND, THIRD = SENTENCES
CHOSEN = "document.querySelector('.variable.ProseMirror-selectednode') !== null"
VOICES = ((1.0, 1.0), (0.85, 1.1), (0.85, 0.9), (0.9, 1.25))
"""Speed and pitch of each try: who is misheard says it otherwise."""


def say_to_the_end(page: Any, messages: Messages, phrase: str, voice: tuple[float, float]) -> None:
    """Speak, and wait until the service sent all that comes of it: the utterance's acknowledgement is the last."""
    finals = len(messages.finals)
    play(page, spoken(phrase, *voice))
    until_so(
        page,
        lambda: len(messages.finals) > finals and messages.received[-1].get("event") == "acknowledged",
    )


def command(page: Any, messages: Messages, phrase: str) -> None:
    """Say a command until it is recognised, as a speaker does: what was written in its place is taken back first."""
    before = text(page)
    known = len(messages.events("command"))
    record(page, seconds=0.6)  # What is said now is said after what was done.
    for voice in VOICES:
        say_to_the_end(page, messages, phrase, voice)
        if len(messages.events("command")) > known:
            return
        page.click("#undo")
        until_exactly(page, before)
    pytest.fail(f"{phrase!r} was not recognised: {[final['text'] for final in messages.finals]}")


def test_voice_takes_back_brings_back_and_erases_by_sentence(open_page: Open) -> None:
    page, messages = open_and_dictate(open_page, FIRST)
    first = text(page)
    dictate(page, THIRD)
    both = text(page)
    command(page, messages, "Annuler ça.")
    until_exactly(page, first)
    command(page, messages, "Rétablir.")
    until_exactly(page, both)
    command(page, messages, "Supprimer ça.")
    until_exactly(page, first)
    command(page, messages, "Supprimer ça.")
    until_exactly(page, "")
    finish(page)
    assert [event["name"] for event in messages.events("command")] == ["undo", "redo", "delete", "delete"]
    page.click("#undo")
    page.click("#undo")
    assert text(page) == both


def test_voice_begins_a_line_and_the_next_words_stand_there(open_page: Open) -> None:
    page, _ = open_and_dictate(open_page, FIRST)
    first = text(page)
    say(page, "À la ligne.")
    until_exactly(page, f"{first}\n")
    dictate(page, SECOND)
    finish(page)
    above, below = text(page).split("\n")
    assert above == first
    assert share_recognised(words_of(below), [SECOND]) >= TRANSCRIPT, below


def test_voice_inserts_an_autotext_and_chooses_its_variable_for_the_next_words(open_page: Open) -> None:
    page = open_page(MICROPHONE)
    messages = Messages(page)
    page.wait_for_selector("[data-autotext='signature']", state="attached", timeout=WAIT_MS)
    start(page)
    command(page, messages, "Insérer signature.")
    until_text(page, "Praticien")
    page.click("#report")
    page.keyboard.press("Control+End")
    page.keyboard.type(" du service")
    command(page, messages, "Variable suivante.")
    until(page, CHOSEN)
    dictate(page, FIRST)
    command(page, messages, "Accepter les valeurs par défaut.")
    until(page, "document.querySelector('.variable') === null")
    finish(page)
    above, below = text(page).split("\n")
    assert below == "Praticien hospitalier du service"
    assert above.startswith("Dr ")
    assert share_recognised(words_of(above), [FIRST]) >= TRANSCRIPT, above


def test_voice_corrects_the_last_sentence_by_the_next_words(open_page: Open) -> None:
    page, messages = open_and_dictate(open_page, FIRST)
    first = text(page)
    dictate(page, SECOND)
    both = text(page)
    command(page, messages, "Corriger ça.")
    until(page, "!getSelection().isCollapsed")
    assert page.evaluate("getSelection().toString().trim()") == both.removeprefix(first).strip()
    say(page, THIRD)
    finish(page)
    assert text(page).startswith(first)
    assert share_recognised(words_of(text(page).removeprefix(first)), [THIRD]) >= TRANSCRIPT, text(page)
    page.click("#undo")
    until_exactly(page, both)


@pytest.mark.parametrize("web_settings", [{"PAGE_IDLE_S": "120"}])
def test_command_said_before_a_cut_is_followed_once(open_page: Open, wire: Wire) -> None:
    page, messages = open_and_dictate(open_page, FIRST)
    dictate(page, SECOND)
    second = text(page)
    dictate(page, THIRD)
    command(page, messages, "Annuler ça.")
    until_exactly(page, second)
    wire.cut()
    page.wait_for_selector("#state[data-state=retry]", timeout=WAIT_MS)
    wire.mend()
    page.wait_for_selector("#state[data-state=open]", timeout=WAIT_MS)
    dictate(page, FIRST)
    assert text(page).startswith(second)
    assert text(page) != second
    assert messages.greetings[-1]["resume_token"]
    assert messages.greetings[-1]["resume_commands"] == 1  # The service repeats what is behind these alone.
