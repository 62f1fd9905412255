"""The page by keyboard and screen reader: stops, names, states, and how much is read aloud while one speaks."""

from .microphone import MICROPHONE, dictate, open_and_dictate
from .pages import Open, choose, finish, start, text, units
from .transcript import SENTENCES

FIRST, SECOND, THIRD = SENTENCES


def test_one_tab_stop_leads_into_the_report_however_many_sentences_it_has(open_page: Open) -> None:
    page = open_page(MICROPHONE)
    start(page)
    for sentence in SENTENCES:
        dictate(page, sentence)
    finish(page)
    assert len(units(page)) >= len(SENTENCES)
    page.focus("#settings-button")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "report"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('footer') !== null")


def test_button_keeps_its_name_and_says_its_state(open_page: Open) -> None:
    page = open_page(MICROPHONE)
    button = page.get_by_role("button", name="Dicter", exact=True)
    assert button.get_attribute("aria-pressed") == "false"
    start(page)
    assert button.get_attribute("aria-pressed") == "true"
    finish(page)


def test_screen_reader_gets_sentences_only_when_asked(open_page: Open) -> None:
    page, messages = open_and_dictate(open_page, FIRST)
    before = text(page)
    unread = len(messages.finals)
    assert page.text_content("#spoken-log") == ""
    choose(page, "#announce", "sentences")
    dictate(page, SECOND)
    finish(page)
    assert text(page).startswith(before)
    assert page.text_content("#spoken-log") == "".join(final["formatted"] for final in messages.finals[unread:])
