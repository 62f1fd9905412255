"""A day's reports in one tab: begun, named, kept through a reload where the site allows it, never lost in silence."""

import base64
import json

import pytest

from .microphone import MICROPHONE, dictate
from .pages import WAIT_MS, Open, finish, start, text, until, until_exactly, until_text, words
from .transcript import SENTENCES, TRANSCRIPT, share_recognised


def test_new_report_begins_empty_and_the_ones_before_stay_in_the_list(open_page: Open) -> None:
    page = open_page()
    page.fill("#title", "Mme A, genou")
    page.click("#report")
    page.keyboard.type("Genou droit.")
    page.click("#new")
    assert text(page) == ""
    page.keyboard.type("Épaule.")
    page.click("#new")
    page.click("#new")  # An empty one is not begun twice.
    page.click("#reports-button")
    assert page.eval_on_selector_all(
        "#reports-list button span:first-child", "nodes => nodes.map(n => n.textContent)"
    ) == [
        "Mme A, genou",
        "Épaule.",
        "Sans titre",
    ]
    page.click("#reports-list li:first-child button")
    until_exactly(page, "Genou droit.")
    page.click("#undo")
    assert text(page) == "", "undo reaches into another report"


def test_undo_after_a_change_of_report_reaches_neither_its_title_nor_another_s(open_page: Open) -> None:
    page = open_page()
    for title, written in (("Mme A", "Genou droit."), ("M. B", "Hanche gauche.")):
        page.click("#title")
        page.keyboard.type(title)
        page.click("#report")
        page.keyboard.type(written)
        page.click("#new")
    page.click("#reports-button")
    page.click("#reports-list li:first-child button")
    until_exactly(page, "Genou droit.")
    page.keyboard.press("Control+z")
    until_exactly(page, "")
    page.keyboard.press("Control+z")  # Nothing is left to take back.
    assert page.input_value("#title") == "Mme A"
    page.keyboard.press("Control+y")
    until_exactly(page, "Genou droit.")
    page.focus("#copy")  # Out of the report, the keys take back what was written in it.
    page.keyboard.press("Control+z")
    until_exactly(page, "")
    page.click("#reports-list li:nth-child(2) button")
    until_exactly(page, "Hanche gauche.")
    assert page.input_value("#title") == "M. B"
    page.click("#title")
    for _ in range(3):
        page.keyboard.press("Control+z")
    assert "Mme" not in page.input_value("#title")


def test_erasing_everything_is_asked_first_and_can_be_taken_back(open_page: Open) -> None:
    page = open_page()
    page.click("#report")
    page.keyboard.type("À garder.")
    page.click("#more")
    page.click("#clear")
    page.keyboard.press("Escape")
    assert text(page) == "À garder."
    page.click("#more")
    page.click("#clear")
    page.click("#confirm-yes")
    until_exactly(page, "")  # The dialog tells its answer in an event of its own, after the click.
    page.keyboard.press("Control+z")
    until_exactly(page, "À garder.")


@pytest.mark.parametrize("emptied", ["erased", "taken back"])
def test_a_report_that_was_emptied_is_not_taken_for_the_next_patient(emptied: str, open_page: Open) -> None:
    page = open_page()
    page.click("#report")
    page.keyboard.type("Patient A.")
    if emptied == "erased":
        page.click("#more")
        page.click("#clear")
        page.click("#confirm-yes")
    else:
        page.click("#undo")
    until_exactly(page, "")
    page.click("#new")
    for button in ("#redo", "#undo", "#undo"):
        page.click(button)
        assert text(page) == ""
    page.keyboard.type("Patient B.")
    page.click("#undo")
    page.click("#undo")
    assert text(page) == ""


def test_leaving_with_a_report_that_was_not_taken_anywhere_is_asked(open_page: Open) -> None:
    page = open_page()
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.click("#report")
    page.keyboard.type("Pas encore copié.")
    page.reload()
    assert asked == ["beforeunload"]
    page.click("#report")
    page.keyboard.type("Copié.")
    page.click("#copy")
    until(page, "document.querySelector('#toast').textContent.includes('copié')")
    page.reload()
    assert asked == ["beforeunload"]
    assert text(page) == "", "a report was stored though the site did not allow it"
    assert page.evaluate("sessionStorage.length") == 0


@pytest.mark.parametrize("web_settings", [{"PAGE_DRAFTS": "true"}])
def test_drafts_survive_a_reload_where_the_site_allows_it(open_page: Open) -> None:
    page = open_page(MICROPHONE)
    start(page)
    dictate(page, SENTENCES[0])
    finish(page)
    written = text(page)
    assert share_recognised(words(page), SENTENCES[:1]) >= TRANSCRIPT, written
    page.fill("#title", "Mme B")
    page.click("#new")
    page.keyboard.type("Deuxième brouillon.")
    page.reload()
    until_text(page, "Deuxième brouillon.")
    page.click("#reports-button")
    assert page.locator("#reports-list button span:first-child").all_inner_texts() == ["Mme B", "Deuxième brouillon."]
    page.click("#reports-list li:has-text('Mme B') button")
    until_exactly(page, written)
    page.reload()
    until_exactly(page, written)  # The one that was shown.
    assert page.input_value("#title") == "Mme B"
    assert page.text_content("#reports-count") == "2 comptes rendus"


def test_report_is_downloaded_and_printed_as_it_stands(open_page: Open) -> None:
    page = open_page()
    page.fill("#title", "Mme C")
    page.click("#report")
    page.keyboard.type("Ligne une.")
    page.keyboard.press("Enter")
    page.keyboard.type("Ligne deux.")
    page.click("#more")
    with page.expect_download() as download:
        page.click("#download")
    assert download.value.suggested_filename == "compte-rendu.txt"
    assert download.value.path().read_text("utf-8") == "Ligne une.\nLigne deux."
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.querySelector('#sheet')).contain") == "none"  # Else it is cut off.
    assert page.is_visible("#print-title")
    assert page.inner_text("#print-title") == "Mme C"
    for name in ("header", "footer", "#speech-mark"):
        assert not page.is_visible(name), name


@pytest.mark.parametrize("web_settings", [{"PAGE_DOCUMENT_TYPE": "18748-4"}])
def test_report_is_copied_as_a_fhir_document_with_the_site_s_code(open_page: Open) -> None:
    page = open_page()
    page.wait_for_selector("[data-autotext]", state="attached", timeout=WAIT_MS)
    page.fill("#title", "Mme D, jamais envoyé")
    page.click("#report")
    page.keyboard.type("Échographie normale.")
    page.click("#more")
    page.click("#copy-fhir")
    until(page, "document.querySelector('#toast').textContent.includes('FHIR')")
    copied = page.evaluate("navigator.clipboard.readText()")
    document = json.loads(copied)
    assert document["resourceType"] == "DocumentReference"
    assert document["type"] == {"coding": [{"system": "http://loinc.org", "code": "18748-4"}]}
    attachment = document["content"][0]["attachment"]
    assert base64.b64decode(attachment["data"]).decode() == "Échographie normale."
    assert "Mme D" not in copied
    assert "author" not in document  # Nobody is known where no token is asked for.
