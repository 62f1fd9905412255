"""What a real service does not give when a test asks for it: exact words, held words, doubtful ones, a warning.

Over the shipped fake: a Whisper cannot be made to doubt a word, to write « Dr. », to settle its words one by one, or to
hold them in progress while a window is drawn at three widths, and a service warns when it sees fit.
"""

from itertools import pairwise
from typing import Any

import pytest
from carabin.transcriber.core.events import SessionWarning
from carabin.transcriber.testing.transcriber import FakeTranscriber

from .pages import WAIT_MS, Open, pause, record, shown, start, text, units, until, until_text, until_units, words
from .servers import LoopThread
from .speaker import Speaker


@pytest.fixture
def transcriber(fake: FakeTranscriber) -> FakeTranscriber:
    """Let the fake write; see the module."""
    return fake


def until_partial(page: Any, words: str) -> None:
    until(page, f"document.querySelector('#report .partial')?.textContent.trim() === {words!r}")


def test_long_final_is_split_into_units_that_show_their_raw_text(open_page: Open, speaker: Speaker) -> None:
    page = open_page()
    start(page)
    speaker.final("Le Dr. Martin a vu le patient. Tension à douze sur huit. Pas de fièvre.")
    until_units(page, 3)
    pause(page)
    assert units(page) == ["Le Dr. Martin a vu le patient.", "Tension à 12/8.", "Pas de fièvre."]
    page.click("#settings-button")
    page.check("#show-raw")
    page.keyboard.press("Escape")
    page.click("#report .unit >> nth=1")
    assert "douze sur huit" in page.inner_text("#raw-text")


WATCH_PARTIAL = """() => {
  const report = document.querySelector('#report');
  const seen = window.watched = { elsewhere: 0, changed: {} };
  new MutationObserver((records) => {
    for (const { target } of records) {
      if (!target.parentElement.classList.contains('partial')) seen.elsewhere += 1;
      else (seen.changed[target.className] ??= []).push(target.textContent);
    }
  }).observe(report, { subtree: true, childList: true, characterData: true });
}"""


def test_partial_touches_its_own_text_alone_however_long_the_report_is(open_page: Open, speaker: Speaker) -> None:
    page = open_page()
    start(page)
    for number in range(30):
        speaker.final(f"Phrase numéro {number}.")
    until_units(page, 30)
    speaker.partial("le patient", stable=1)
    until_partial(page, "le patient")
    page.evaluate(WATCH_PARTIAL)
    said = ["le", "patient", "présente", "une", "douleur", "thoracique"]
    for count in range(3, 7):
        speaker.partial(" ".join(said[:count]), stable=count - 2)
    until_partial(page, "le patient présente une douleur thoracique")
    seen = page.evaluate("window.watched")
    assert seen["elsewhere"] == 0, "a partial changed the report outside of itself"
    assert set(seen["changed"]) <= {"settled", "gap", "tail"}
    settled = seen["changed"]["settled"]
    assert len(settled) >= 2
    assert all(new.startswith(old) for old, new in pairwise(settled)), settled
    speaker.final("Le patient présente une douleur thoracique.")
    pause(page)


WHERE_WORDS_STAND = """() => {
  const range = document.createRange();
  const boxes = (node) => (range.selectNodeContents(node), [...range.getClientRects()]);
  const within = document.querySelector('#report p').getBoundingClientRect();
  const written = boxes(document.querySelector('#report p')).at(-1);
  const space = boxes(document.querySelector('#report .partial .space'))[0];
  const lines = boxes(document.querySelector('#report .partial .settled'));
  return {
    apart: document.querySelector('#report p .partial') === null,
    down: space.top - written.top,
    right: space.left - written.right,
    indents: lines.slice(1).map(({ left }) => left - within.left),
    below: document.querySelector('#report p ~ p').getBoundingClientRect().top - lines.at(-1).bottom,
  };
}"""


def test_words_behind_a_very_long_paragraph_stand_as_its_own_and_leave_it_untouched(
    open_page: Open, speaker: Speaker
) -> None:
    page = open_page()
    page.set_viewport_size({"width": 900, "height": 700})
    start(page)
    sentence = "Électrocardiogramme normal, pas de trouble de la repolarisation."
    speaker.final(f"{' '.join([sentence] * 150)}\nConclusion à venir.")
    until_text(page, "Conclusion")
    page.evaluate("getSelection().collapse(document.querySelector('#report p').lastChild, 1)")
    page.locator("#report").focus()
    record(page, seconds=0.6)  # What is said next is said after the caret was put there.
    speaker.begins()
    said = "Des mots assez nombreux pour plus d'une ligne et qui suivent les autres comme ceux-ci se suivent, sans trou"
    speaker.partial(f"{said} visible")
    until_partial(page, f"{said} visible")
    for width in (900, 640, 1100):
        page.set_viewport_size({"width": width, "height": 700})
        until(page, f"Math.abs(({WHERE_WORDS_STAND})().right) < 1")
        stand = page.evaluate(WHERE_WORDS_STAND)
        assert stand["apart"]
        assert abs(stand["down"]) < 1, stand
        assert all(abs(indent) < 1 for indent in stand["indents"]), stand
        assert 0 <= stand["below"] < 20, stand
    page.keyboard.type("(tapé)")
    until(page, f"!({WHERE_WORDS_STAND})().apart")  # Not the last of the paragraph any more.
    assert f"{sentence} {said} visible(tapé)\nConclusion" in shown(page)
    speaker.final("Fin dite.")
    until_text(page, "Fin dite.")
    assert text(page).endswith(f"{sentence} Fin dite. (tapé)\nConclusion à venir.")
    pause(page)


def test_doubtful_words_and_those_of_the_lexicon_are_marked_on_demand(open_page: Open, speaker: Speaker) -> None:
    page = open_page()
    start(page)
    speaker.final("Sous bisoprolol le matin.", {"bisoprolol": 0.3})
    speaker.final("Puis apixaban le soir.", lexicon=("Apixaban",))
    until_units(page, 2)
    pause(page)
    assert page.query_selector("#report .doubtful") is None
    page.click("#settings-button")
    page.check("#show-doubts")
    page.keyboard.press("Escape")
    assert page.eval_on_selector_all("#report .doubtful", "nodes => nodes.map(n => n.textContent)") == ["bisoprolol"]
    assert page.eval_on_selector_all("#report .from-lexicon", "nodes => nodes.map(n => n.textContent)") == ["apixaban"]
    assert words(page) == ["Sous", "bisoprolol", "le", "matin", "Puis", "apixaban", "le", "soir"]
    page.wait_for_selector("#dictate[aria-pressed=false]", timeout=WAIT_MS)


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
