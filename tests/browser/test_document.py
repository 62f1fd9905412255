"""The report as a document: written by voice and by hand at once, where the caret is, and taken back by sentence."""

from itertools import pairwise
from typing import Any

from carabin.transcriber.formatting import join

from .pages import (
    WAIT_MS,
    Open,
    choose,
    insert,
    pause,
    record,
    shown,
    start,
    text,
    units,
    until,
    until_text,
    until_units,
    words,
)
from .speaker import Speaker

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


def until_partial(page: Any, words: str) -> None:
    until(page, f"document.querySelector('#report .partial')?.textContent.trim() === {words!r}")


def settle(page: Any) -> None:
    """Let the recording go on, so that what is said next is said after what was done."""
    record(page, seconds=0.6)


def test_speech_goes_where_the_caret_is_and_replaces_what_is_selected(open_page: Open, speaker: Speaker) -> None:
    page = open_page()
    start(page)
    speaker.final("Thorax normal.")
    speaker.final("Abdomen souple.")
    until_units(page, 2)
    page.click("#report")
    page.keyboard.press("Control+Home")
    settle(page)
    speaker.begins()
    speaker.partial("Patient calme.")
    until_partial(page, "Patient calme.")
    assert shown(page).startswith("Patient calme.")
    speaker.final("Patient calme.")
    until_text(page, "Patient calme.")
    assert text(page) == "Patient calme. Thorax normal. Abdomen souple."
    page.keyboard.press("Control+End")
    for _ in range(len("souple.")):
        page.keyboard.press("Shift+ArrowLeft")
    settle(page)
    speaker.begins()
    speaker.final("distendu.")
    until_text(page, "distendu")
    assert text(page) == "Patient calme. Thorax normal. Abdomen distendu."
    pause(page)


def test_typing_elsewhere_while_words_are_in_progress_disturbs_neither(open_page: Open, speaker: Speaker) -> None:
    page = open_page()
    start(page)
    speaker.final("Première phrase.")
    until_units(page, 1)
    settle(page)
    speaker.begins()
    speaker.partial("la suite arrive")
    until_partial(page, "la suite arrive")
    page.click("#report")
    page.keyboard.press("Control+Home")
    page.keyboard.type("Motif. ")
    speaker.partial("la suite arrive encore")
    until_partial(page, "la suite arrive encore")
    page.keyboard.type("Contexte. ")
    speaker.final("La suite arrive enfin.")
    until_text(page, "enfin")
    assert text(page) == "Motif. Contexte. Première phrase. La suite arrive enfin."
    page.keyboard.type("Encore. ")
    assert text(page).startswith("Motif. Contexte. Encore. Première")
    pause(page)


def test_typing_at_the_words_in_progress_comes_after_them(open_page: Open, speaker: Speaker) -> None:
    page = open_page()
    start(page)
    speaker.partial("Un souffle")
    until_partial(page, "Un souffle")
    page.click("#report")
    page.keyboard.type("(tapé)")
    speaker.final("Un souffle systolique.")
    until_text(page, "systolique")
    assert text(page) == "Un souffle systolique. (tapé)" or text(page) == "Un souffle systolique.(tapé)"
    pause(page)


def test_autotext_inserted_while_a_sentence_is_in_progress_comes_after_it(open_page: Open, speaker: Speaker) -> None:
    page = open_page()
    start(page)
    speaker.partial("Examen clinique")
    until_partial(page, "Examen clinique")
    insert(page, "examen normal")
    until_text(page, "Abdomen souple")
    speaker.final("Examen clinique.")
    until_text(page, "Examen clinique.")
    assert text(page).startswith("Examen clinique. État général")
    settle(page)
    speaker.begins()
    speaker.final("Conclusion.")
    until_text(page, "Conclusion.")
    assert text(page).endswith("neurologique. Conclusion.")
    pause(page)


def test_undo_and_redo_go_over_hands_and_voice_by_sentence(open_page: Open, speaker: Speaker) -> None:
    page = open_page()
    start(page)
    speaker.final("Dicté un.")
    until_text(page, "un.")
    page.click("#report")
    page.keyboard.press("Control+End")
    page.keyboard.type(" Tapé deux.")
    settle(page)
    speaker.begins()
    speaker.final("Dicté trois. Dicté quatre.")
    until_text(page, "quatre.")
    steps = [text(page)]
    for _ in range(4):
        page.keyboard.press("Control+z")
        steps.append(text(page))
    assert steps == [
        "Dicté un. Tapé deux. Dicté trois. Dicté quatre.",
        "Dicté un. Tapé deux. Dicté trois.",
        "Dicté un. Tapé deux.",
        "Dicté un.",
        "",
    ]
    for expected in reversed(steps[:-1]):
        page.keyboard.press("Control+y")
        assert text(page) == expected
    speaker.final("annule")
    until(page, "!document.querySelector('#report').textContent.includes('quatre')")
    speaker.final("rétablir")
    until_text(page, "quatre.")
    speaker.final("efface ça")
    until(page, "!document.querySelector('#report').textContent.includes('quatre')")
    assert text(page) == "Dicté un. Tapé deux. Dicté trois."
    pause(page)


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


def test_variables_are_chips_that_typed_and_spoken_words_replace(open_page: Open, speaker: Speaker) -> None:
    page = open_page()
    start(page)
    insert(page, "signature")
    until(page, "document.querySelector('.variable.ProseMirror-selectednode') !== null")
    page.keyboard.type("Martin")
    assert text(page) == "Dr Martin\nPraticien hospitalier"
    page.keyboard.press("Control+z")
    until(page, "document.querySelector('.variable.ProseMirror-selectednode') !== null")
    settle(page)
    speaker.begins()
    speaker.final("Durand")
    until_text(page, "Durand")
    assert text(page) == "Dr Durand\nPraticien hospitalier"
    pause(page)


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


def test_words_said_after_a_spoken_command_go_to_the_variable_that_it_chose(open_page: Open, speaker: Speaker) -> None:
    page = open_page()
    start(page)
    speaker.final("insérer signature")
    until_text(page, "Praticien")
    page.click("#report")
    page.keyboard.press("Control+End")
    page.keyboard.type(" du service")
    settle(page)
    speaker.begins()
    speaker.partial("variable suivante")
    page.wait_for_selector("#report .partial", state="attached", timeout=WAIT_MS)
    speaker.final("variable suivante")
    until(page, "document.querySelector('.variable.ProseMirror-selectednode') !== null")
    speaker.begins()
    speaker.final("Leroy")
    until_text(page, "Leroy")
    assert text(page) == "Dr Leroy\nPraticien hospitalier du service"
    pause(page)


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
    settle(page)
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


def test_newest_words_stay_in_view_unless_the_reader_scrolled_away(open_page: Open, speaker: Speaker) -> None:
    page = open_page()
    start(page)
    for number in range(40):
        speaker.final(f"Phrase numéro {number}, assez longue pour remplir la page. Point suivant.\nÀ la ligne")
    until_text(page, "numéro 39")
    speaker.partial("Les derniers mots")
    until_partial(page, "Les derniers mots")
    inside = """(() => {
      const words = document.querySelector('#report .partial').getBoundingClientRect();
      const seen = document.querySelector('#sheet').getBoundingClientRect();
      return words.top >= seen.top && words.bottom <= seen.bottom;
    })()"""
    until(page, inside)
    page.evaluate("document.querySelector('#sheet').scrollTop = 0")
    page.wait_for_timeout(100)
    speaker.partial("Les derniers mots de la phrase")
    until_partial(page, "Les derniers mots de la phrase")
    assert page.evaluate("document.querySelector('#sheet').scrollTop") == 0
    speaker.final("Les derniers mots.")
    pause(page)


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


def test_plain_text_changes_what_is_written_already_and_can_be_taken_back(open_page: Open, speaker: Speaker) -> None:
    page = open_page()
    start(page)
    speaker.final("Motif deux points douleur.")
    until_text(page, "douleur")
    pause(page)
    assert "\u00a0:" in text(page)
    choose(page, "#typography", "plain")
    assert text(page) == "Motif : douleur."
    page.click("#copy")
    until(page, "document.querySelector('#toast').textContent.includes('copié')")
    assert page.evaluate("navigator.clipboard.readText()") == "Motif : douleur."
    choose(page, "#typography", "french")
    assert "\u00a0:" in text(page)


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
