"""A physician's work over the real service and a real Whisper: two patients, several sessions, choices, undo, hands."""

from typing import Any

import pytest

from .microphone import MICROPHONE, say, until_written
from .pages import WAIT_MS, Open, choose, insert, pause, record, start, text, until, words
from .servers import Wire
from .transcript import SENTENCES, TRANSCRIPT, share_recognised

FIRST, SECOND, THIRD = SENTENCES


@pytest.fixture
def wire(real_wire: Wire) -> Wire:
    """Let the page be the real service's."""
    return real_wire


def test_each_patients_words_stand_in_that_patients_report_and_are_copied_from_it(open_page: Open) -> None:
    page = open_page(MICROPHONE)
    start(page)
    say(page, FIRST)
    page.click("#new")  # The sentence was said, and nothing of it is final.
    page.fill("#title", "Deuxième patient")
    say(page, SECOND)
    until_written(page, 0)
    pause(page)
    page.wait_for_selector("#state[data-state=closed]", timeout=WAIT_MS)
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


def test_sentences_of_three_sessions_and_two_vocabularies_stand_in_order_and_are_taken_back_in_turn(
    open_page: Open,
) -> None:
    page = open_page(MICROPHONE)
    sockets: list[Any] = []
    page.on("websocket", lambda socket: sockets.append(socket))
    start(page)
    say(page, FIRST)
    until_written(page, 0)
    choose(page, "#vocabulary", "cardiologie")
    assert page.get_attribute("#dictate", "aria-pressed") == "true"
    say(page, SECOND)
    pause(page)
    page.wait_for_selector("#state[data-state=closed]", timeout=WAIT_MS)
    start(page)
    say(page, THIRD)
    pause(page)
    page.wait_for_selector("#state[data-state=closed]", timeout=WAIT_MS)
    assert len(sockets) == 3
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


def test_spoken_words_take_a_variables_place_while_hands_correct_another(open_page: Open) -> None:
    page = open_page(MICROPHONE)
    page.wait_for_selector("[data-autotext='signature']", state="attached", timeout=WAIT_MS)
    insert(page, "signature")
    page.wait_for_selector(".variable.ProseMirror-selectednode", timeout=WAIT_MS)
    start(page)
    say(page, FIRST)
    until_written(page, 0)
    assert page.locator(".variable").all_inner_texts() == ["Praticien hospitalier"]
    assert text(page).startswith("Dr ")
    count = page.locator("#report .unit").count()
    say(page, SECOND, whole=False)
    record(page, seconds=0.5)
    page.click("#report")
    page.keyboard.press("Control+Home")
    page.keyboard.type("Signé : ")
    until_written(page, count)
    pause(page)
    first, last = text(page).split("\n")
    assert first.startswith("Signé : Dr ")
    assert last == "Praticien hospitalier"
    assert share_recognised(words(page), [FIRST, SECOND]) >= TRANSCRIPT, first
