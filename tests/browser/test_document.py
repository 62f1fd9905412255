"""The report as a document: written by voice and by hand at once, where the caret is, and taken back by sentence."""

import json
import re
from itertools import pairwise
from typing import Any

from carabin.transcriber.formatting import join

from .microphone import MICROPHONE, Messages, begin, dictate, say, until_written
from .pages import (
    WAIT_MS,
    Open,
    choose,
    finish,
    insert,
    pause,
    record,
    start,
    text,
    units,
    until,
    until_so,
    until_text,
    words,
    words_of,
)
from .transcript import SENTENCES, TRANSCRIPT, WITHOUT_PAUSE, share_recognised

FIRST, SECOND, THIRD = SENTENCES
LONG = "Le patient présente depuis ce matin une douleur thoracique qui irradie dans le bras gauche et la mâchoire."
"""One sentence of several seconds: speech after its end would be another sentence, and go where the caret is."""
PULSE = "La fréquence cardiaque est à quatre-vingts battements par minute."
"""A number and its unit stay on one line."""

IN_PROGRESS = "(document.querySelector('#report .partial')?.textContent ?? null)"

FIRST_IN_REPORT = """(() => {
  const partial = document.querySelector('#report .partial')?.textContent.trim();
  return Boolean(partial) && document.querySelector('#report p').textContent.trim().startsWith(partial);
})()"""


WHERE_UNIT_BEGINS = """(number) => {
  const [line] = document.querySelectorAll('#report .unit')[number].getClientRects();
  return [line.left + line.width / 2, line.top + line.height / 2];
}"""


def settle(page: Any) -> None:
    """Let the recording go on, so that what is said next is said after what was done."""
    record(page, seconds=0.6)


def until_raw(page: Any, sentence: str) -> None:
    """Wait until the raw text of a sentence is shown: the browser reports a clicked place after the click."""
    until_so(page, lambda: share_recognised(words_of(sentence), [page.inner_text("#raw-text")]) >= TRANSCRIPT)


def write(page: Any, lines: int) -> None:
    """Write a long report by hand."""
    page.click("#report")
    written = "\n".join(f"Ligne {number} du compte rendu, écrite à la main." for number in range(lines))
    page.evaluate("(written) => navigator.clipboard.writeText(written)", written)
    page.keyboard.press("Control+v")
    until_text(page, f"Ligne {lines - 1} ")


def test_speech_goes_where_the_caret_is_and_replaces_what_is_selected(open_page: Open) -> None:
    page = open_page(MICROPHONE)
    start(page)
    dictate(page, SECOND)
    dictate(page, THIRD)
    before = text(page)
    page.click("#report")
    page.keyboard.press("Control+Home")
    settle(page)
    begin(page)
    until(page, FIRST_IN_REPORT)
    finish(page)
    assert text(page).endswith(f" {before}")
    assert share_recognised(words_of(text(page).removesuffix(before)), [WITHOUT_PAUSE]) >= TRANSCRIPT, text(page)
    page.keyboard.press("Control+End")
    for _ in range(len("stable.")):
        page.keyboard.press("Shift+ArrowLeft")
    replaced = page.evaluate("getSelection().toString()")
    assert len(replaced) == len("stable.")
    kept = text(page).removesuffix(replaced).rstrip()
    start(page)
    say(page, SECOND)
    finish(page)
    assert text(page).startswith(kept)
    assert share_recognised(words_of(text(page).removeprefix(kept)), [SECOND]) >= TRANSCRIPT, text(page)
    assert replaced not in text(page).removeprefix(kept)


def test_typing_elsewhere_while_words_are_in_progress_disturbs_neither(open_page: Open) -> None:
    page = open_page(MICROPHONE)
    start(page)
    dictate(page, FIRST)
    before = text(page)
    settle(page)
    begin(page, LONG)
    partial = page.evaluate(IN_PROGRESS)
    page.click("#report")
    page.keyboard.press("Control+Home")
    page.keyboard.type("Motif. ")
    until(page, f"{IN_PROGRESS} === null || {IN_PROGRESS} !== {json.dumps(partial)}")
    page.keyboard.type("Contexte. ")
    finish(page)
    assert text(page).startswith(f"Motif. Contexte. {before} ")
    assert share_recognised(words(page)[2:], [FIRST, LONG]) >= TRANSCRIPT, text(page)
    page.keyboard.type("Encore. ")
    assert text(page).startswith(f"Motif. Contexte. Encore. {before}")


def test_typing_at_the_words_in_progress_comes_after_them(open_page: Open) -> None:
    page = open_page(MICROPHONE)
    start(page)
    begin(page)
    page.click("#report")
    page.keyboard.press("Control+End")
    page.keyboard.type("(tapé)")
    finish(page)
    before, after = text(page).split("(tapé)")
    assert before.startswith("Le patient")
    assert share_recognised(words_of(before + after), [WITHOUT_PAUSE]) >= TRANSCRIPT, text(page)
    assert share_recognised(words_of(before), [FIRST]) >= TRANSCRIPT, text(page)  # That much was in progress.


def test_autotext_inserted_while_a_sentence_is_in_progress_comes_after_it(open_page: Open) -> None:
    page = open_page(MICROPHONE)
    page.wait_for_selector("[data-autotext]", state="attached", timeout=WAIT_MS)
    start(page)
    begin(page)
    insert(page, "examen normal")
    until_text(page, "Abdomen souple")
    finish(page)
    before, after = re.split(r"État général.*neurologique\.", text(page))
    assert share_recognised(words_of(before), [FIRST]) >= TRANSCRIPT, text(page)
    assert share_recognised(words_of(before + after), [WITHOUT_PAUSE]) >= TRANSCRIPT, text(page)
    written = text(page)
    start(page)
    say(page, THIRD)
    finish(page)
    assert text(page).startswith(written)
    assert share_recognised(words_of(text(page).removeprefix(written)), [THIRD]) >= TRANSCRIPT, text(page)


def test_undo_and_redo_go_over_hands_and_voice_by_sentence(open_page: Open) -> None:
    page = open_page(MICROPHONE)
    start(page)
    dictate(page, FIRST)
    by_voice = text(page)
    page.click("#report")
    page.keyboard.press("Control+End")
    page.keyboard.type(" Tapé deux.")
    by_hand = text(page)
    assert by_hand == f"{by_voice} Tapé deux."
    settle(page)
    say(page, f"{SECOND} {THIRD}")
    finish(page)
    written = text(page)
    count = len(units(page))
    assert count >= 3, written
    steps = [written]
    while steps[-1] and len(steps) < 20:
        page.keyboard.press("Control+z")
        steps.append(text(page))
    assert all(longer.startswith(shorter) for longer, shorter in pairwise(steps)), steps
    assert len(steps) == count + 2, "one step is not one sentence"
    assert steps[-3:] == [by_hand, by_voice, ""]
    for expected in reversed(steps[:-1]):
        page.keyboard.press("Control+y")
        assert text(page) == expected


def test_each_sentence_shows_the_raw_text_that_the_service_sent_with_it(open_page: Open) -> None:
    page = open_page(MICROPHONE)
    messages = Messages(page)
    start(page)
    for sentence in SENTENCES:
        dictate(page, sentence)
    finish(page)
    page.click("#settings-button")
    page.check("#show-raw")
    page.keyboard.press("Escape")
    raw = [final["text"].strip() for final in messages.finals]
    assert len(raw) >= len(SENTENCES)
    seen = []
    for number, sentence in enumerate(units(page)):
        page.mouse.click(*page.evaluate(WHERE_UNIT_BEGINS, number))
        until_raw(page, sentence)
        seen.append(page.inner_text("#raw-text"))
    assert list(dict.fromkeys(seen)) == raw
    assert "12/8" in text(page)  # What was heard stays to be seen beside what was made of it.
    assert not any("12/8" in each for each in raw)


def test_variables_are_chips_that_typed_words_replace_until_they_are_taken_back(open_page: Open) -> None:
    page = open_page()
    page.wait_for_selector("[data-autotext]", state="attached", timeout=WAIT_MS)
    insert(page, "signature")
    until(page, "document.querySelector('.variable.ProseMirror-selectednode') !== null")
    page.keyboard.type("Martin")
    assert text(page) == "Dr Martin\nPraticien hospitalier"
    page.keyboard.press("Control+z")
    until(page, "document.querySelector('.variable.ProseMirror-selectednode') !== null")
    assert text(page) == "Dr nom\nPraticien hospitalier"


def test_spoken_words_take_a_variables_place_while_hands_correct_another(open_page: Open) -> None:
    page = open_page(MICROPHONE)
    page.wait_for_selector("[data-autotext='signature']", state="attached", timeout=WAIT_MS)
    insert(page, "signature")
    page.wait_for_selector(".variable.ProseMirror-selectednode", timeout=WAIT_MS)
    start(page)
    dictate(page, FIRST)
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


CARET_THEN_KEY = """() => {
  const line = document.querySelector('#report p:last-child');
  getSelection().collapse(line.lastChild, line.lastChild.length);
  const key = { key: 'x', charCode: 120, keyCode: 120, bubbles: true, cancelable: true };
  const report = document.querySelector('#report');
  if (report.dispatchEvent(new KeyboardEvent('keydown', key))) report.dispatchEvent(new KeyboardEvent('keypress', key));
}"""


def test_key_pressed_before_the_browser_reports_a_moved_caret_leaves_the_chosen_variable(open_page: Open) -> None:
    page = open_page()
    page.wait_for_selector("[data-autotext]", state="attached", timeout=WAIT_MS)
    insert(page, "signature")
    until(page, "document.querySelector('.variable.ProseMirror-selectednode') !== null")
    page.evaluate(CARET_THEN_KEY)  # In one turn of the browser's loop: no selectionchange comes between.
    assert text(page) == "Dr nom\nPraticien hospitalier"


INSIDE = """(() => {
  const words = document.querySelector('#report .partial')?.getBoundingClientRect();
  const seen = document.querySelector('#sheet').getBoundingClientRect();
  return words !== undefined && words.height > 0 && words.top >= seen.top && words.bottom <= seen.bottom;
})()"""


def test_newest_words_stay_in_view_unless_the_reader_scrolled_away(open_page: Open) -> None:
    page = open_page(MICROPHONE)
    write(page, lines=80)
    start(page)
    begin(page)
    until(page, INSIDE)
    until_written(page, 0)
    assert page.evaluate("document.querySelector('#sheet').scrollTop") > 0
    page.evaluate("document.querySelector('#sheet').scrollTop = 0")
    settle(page)
    count = len(units(page))
    begin(page)
    until_written(page, count)
    assert page.evaluate("document.querySelector('#sheet').scrollTop") == 0
    finish(page)


def test_utterances_join_in_the_page_as_the_service_joins_them(open_page: Open) -> None:
    documents = (
        "",
        "Souple.",
        "Souple,",
        "Bilan\u00a0:",
        "Douteux ?",
        "Suite\n",
        "Œdème (",
        "...",
        "Il dit «\u202foui",
    )
    texts = ("", "suite", ", suite", ".", "?", ":", "\nsuite", ") suite", "/jour", "»")
    cases = [(document, text, french) for document in documents for text in texts for french in (True, False)]
    script = """async (cases) => {
      const { join } = await import('./web/js/document/join.js');
      return cases.map((spoken) => join(...spoken));
    }"""
    assert open_page().evaluate(script, cases) == [join(*spoken) for spoken in cases]


def test_plain_text_changes_what_is_written_already_and_can_be_taken_back(open_page: Open) -> None:
    page = open_page(MICROPHONE)
    start(page)
    dictate(page, PULSE)
    finish(page)
    spoken = text(page)
    assert "\u202fbpm" in spoken, spoken
    page.click("#report")
    page.keyboard.press("Control+End")
    page.keyboard.type(" Motif\u00a0:")
    choose(page, "#typography", "plain")
    plain = f"{spoken} Motif :".replace("\u202f", " ").replace("\u00a0", " ")
    assert text(page) == plain
    page.click("#copy")
    until(page, "document.querySelector('#toast').textContent.includes('copié')")
    assert page.evaluate("navigator.clipboard.readText()") == plain
    choose(page, "#typography", "french")
    assert text(page).endswith("Motif\u00a0:")


def test_paste_takes_text_alone_and_copy_gives_plain_and_rich_text(open_page: Open) -> None:
    page = open_page()
    page.click("#report")
    page.evaluate(
        """navigator.clipboard.write([new ClipboardItem({
             'text/plain': new Blob(['un\\ndeux <b>'], {type: 'text/plain'}),
             'text/html': new Blob(['<p class="x"><b>un</b></p>'], {type: 'text/html'})})])"""
    )
    page.keyboard.press("Control+v")
    until_text(page, "deux")
    assert text(page) == "un\ndeux <b>"
    assert page.query_selector("#report b, #report .x") is None
    page.click("#more")
    page.click("#copy-rich")
    until(page, "document.querySelector('#toast').textContent.includes('copié')")
    rich = page.evaluate(
        "navigator.clipboard.read().then(([item]) => item.getType('text/html')).then((blob) => blob.text())"
    )
    assert "<p>un</p><p>deux &lt;b&gt;</p>" in rich
