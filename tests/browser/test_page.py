"""The dictation page in a real Chromium: text appears, a swap is told, a cut connection loses no word, keys suffice."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from carabin.transcriber.testing.transcriber import SCRIPT, FakeTranscriber

from .servers import LoopThread, Wire

WAIT_MS = 30_000

REPORT = re.findall(
    r"\S+",
    """motif de consultation deux points douleur thoracique point à la ligne patient de soixante-douze ans virgule sous
    bisoprolol deux virgule cinq milligrammes point à la ligne tension à treize sur huit virgule pouls à soixante-dix
    battements par minute point nouveau paragraphe conclusion deux points surveillance""",
)

Open = Callable[[], Any]


def words(page: Any) -> list[str]:
    """The words of the report's finals, as they are shown."""
    text = page.evaluate("[...document.querySelectorAll('#report .final')].map(n => n.textContent).join('')")
    return re.findall(r"\w+", text)


def until(page: Any, condition: str) -> None:
    """Wait for a condition; the page's own policy forbids the evaluation that `wait_for_function` needs."""
    for _ in range(WAIT_MS // 50):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"never came true: {condition}")


def start(page: Any) -> None:
    page.click("#dictate")
    page.wait_for_selector("#state[data-state=open]", timeout=WAIT_MS)


def record(page: Any, seconds: float) -> None:
    """Wait until the page has recorded so much more."""
    now = page.evaluate("window.carabin.lastLog.end")
    until(page, f"window.carabin.lastLog.end >= {now + int(seconds * 16_000)}")


def finish(page: Any, timeout_ms: int = WAIT_MS) -> None:
    page.click("#finish")
    page.wait_for_selector("#state[data-state=closed]", timeout=timeout_ms)


def test_spoken_words_appear_first_as_partial_then_as_final(open_page: Open) -> None:
    page = open_page()
    start(page)
    page.wait_for_selector("#report .partial", timeout=WAIT_MS)
    page.wait_for_selector("#report .final", timeout=WAIT_MS)
    assert words(page)[:3] == list(SCRIPT[:3])
    assert page.inner_text("#model") == "fake 20260101T000000Z-aaaaaaaaaaaa"
    finish(page)
    assert page.query_selector("#report .partial") is None


def test_settled_part_of_a_partial_is_only_added_to_while_its_tail_changes(open_page: Open) -> None:
    page = open_page()
    page.evaluate(WATCH_PARTIAL)
    start(page)
    page.wait_for_selector("#report .final", timeout=WAIT_MS)
    seen = page.evaluate("window.watched")
    finish(page)
    assert seen["shown"] == 1, "the partial was made anew instead of changed"
    assert seen["replaced"] == [], "nodes inside the partial were replaced"
    assert len(seen["tail"]) >= 3
    assert len(seen["settled"]) >= 2
    assert all(new.startswith(old) and len(new) > len(old) for old, new in seen["settled"]), seen["settled"]
    assert seen["settled"][-1][1].split() == list(SCRIPT[: len(seen["settled"][-1][1].split())])


WATCH_PARTIAL = """() => {
  const report = document.querySelector('#report');
  const seen = window.watched = { shown: 0, replaced: [], settled: [], tail: [] };
  const observer = new MutationObserver((records) => {
    if (report.querySelector('.final')) return observer.disconnect();
    for (const { type, target, oldValue, addedNodes } of records) {
      if (type === 'characterData') seen[target.parentNode.className].push([oldValue, target.data]);
      else if (target === report) seen.shown += addedNodes.length;
      else seen.replaced.push(target.className);
    }
  });
  observer.observe(report, { subtree: true, childList: true, characterData: true, characterDataOldValue: true });
}"""


def test_model_that_changes_under_the_dictation_is_told(
    open_page: Open, transcriber: FakeTranscriber, loop: LoopThread
) -> None:
    page = open_page()
    start(page)
    page.wait_for_selector("#report .partial", timeout=WAIT_MS)
    assert not page.is_visible("#notice")

    async def swap() -> None:
        transcriber.swap("20260202T000000Z-bbbbbbbbbbbb")

    loop.run(swap())
    page.wait_for_selector("#notice:not([hidden])", timeout=WAIT_MS)
    assert "20260202T000000Z-bbbbbbbbbbbb" in page.inner_text("#notice")
    assert "20260202T000000Z-bbbbbbbbbbbb" in page.inner_text("#model")
    page.click("#notice-close")
    assert not page.is_visible("#notice")
    finish(page)


def test_cut_connection_resumes_without_a_lost_word(open_page: Open, wire: Wire, transcriber: FakeTranscriber) -> None:
    page = open_page()
    start(page)
    page.wait_for_selector("#report .partial", timeout=WAIT_MS)
    wire.cut()
    page.wait_for_selector("#state[data-state=retry]", timeout=WAIT_MS)
    record(page, seconds=1.5)  # Speech goes on while the wire is down: that is what must not be lost.
    wire.mend()
    page.wait_for_selector("#state[data-state=open]", timeout=WAIT_MS)
    page.wait_for_selector("#report .final", timeout=WAIT_MS)
    record(page, seconds=1.0)
    (dictation,) = transcriber.dictations.values()
    finish(page)
    sent = page.evaluate("window.carabin.lastLog.end")
    assert dictation.pushed_samples == sent, "the server did not hear every recorded sample exactly once"
    shown = words(page)
    assert shown, "nothing was written"
    assert len(transcriber.identities) == 1, "the session was opened anew instead of resumed"


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
    page.wait_for_selector("#report .final", timeout=WAIT_MS)
    assert words(page)[:2] == list(SCRIPT[:2])
    assert not page.is_visible("#error")
    finish(page)


def test_lost_session_is_opened_anew_with_the_audio_that_was_not_final(
    open_page: Open, wire: Wire, transcriber: FakeTranscriber, loop: LoopThread
) -> None:
    page = open_page()
    start(page)
    page.wait_for_selector("#report .final", timeout=WAIT_MS)
    first = words(page)
    wire.cut()

    async def forget() -> None:
        for dictation in list(transcriber.dictations.values()):
            dictation.cancel()

    loop.run(forget())
    wire.mend()
    page.wait_for_selector("#state[data-state=open]", timeout=WAIT_MS)
    until(page, "document.querySelectorAll('#report .final').length >= 2")
    assert words(page)[: len(first)] == first
    assert len(transcriber.identities) == 2
    finish(page)


def test_push_to_talk_insert_and_undo_need_the_keyboard_alone(open_page: Open) -> None:
    page = open_page()
    page.keyboard.down("F2")
    page.wait_for_selector("#report .partial", timeout=WAIT_MS)
    record(page, seconds=0.5)
    page.keyboard.up("F2")
    page.wait_for_selector("#report .final", timeout=WAIT_MS)
    assert page.get_attribute("#dictate", "aria-pressed") == "false"
    until(page, "!document.querySelector('#report .partial')")
    before = words(page)
    page.select_option("#autotext", "examen normal")
    page.keyboard.press("F4")
    until(page, "document.querySelector('#report').textContent.includes('Abdomen souple')")
    page.keyboard.press("F8")
    until(page, "!document.querySelector('#report').textContent.includes('Abdomen souple')")
    assert words(page) == before
    finish(page)


def test_variables_of_an_autotext_are_filled_one_by_one(open_page: Open) -> None:
    page = open_page()
    page.select_option("#autotext", "signature")
    page.keyboard.press("F4")
    until(page, "getSelection().toString() === '[nom]'")
    page.keyboard.type("Martin")
    page.keyboard.press("Enter")
    assert page.inner_text("#report") == "Dr Martin\nPraticien hospitalier"


def test_sentence_is_corrected_in_place_and_copied(open_page: Open) -> None:
    page = open_page()
    start(page)
    page.wait_for_selector("#report .final", timeout=WAIT_MS)
    finish(page)
    page.focus("#report .final")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+A")
    page.keyboard.type("Texte corrigé.")
    page.keyboard.press("Enter")
    assert page.inner_text("#report .final.edited").strip() == "Texte corrigé."
    page.click("#copy")
    until(page, "document.querySelector('#copy').textContent === 'Copié'")
    assert page.evaluate("navigator.clipboard.readText()").startswith("Texte corrigé.")


@pytest.mark.parametrize("transcriber", [FakeTranscriber(REPORT, version="20260101T000000Z-3f2a9c01b7de")])
def test_report_is_shown_as_it_should_be_written_and_as_it_was_heard(open_page: Open) -> None:
    page = open_page()
    start(page)
    until(page, "document.querySelectorAll('#report .final').length >= 2")
    page.wait_for_selector("#report .partial", timeout=WAIT_MS)
    finish(page)
    assert page.inner_text("#report").startswith("motif de consultation\u00a0: ")
    page.uncheck("#formatted")
    assert page.inner_text("#report").startswith("motif de consultation deux points ")


def test_page_loads_nothing_from_elsewhere_and_forbids_inline_script(open_page: Open, wire: Wire) -> None:
    page = open_page()
    response = page.reload()
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    loaded = page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
    assert loaded
    assert all(name.startswith(f"http://127.0.0.1:{wire.port}/") for name in loaded)
    assert "<script>" not in page.content()


def test_every_control_has_a_name_and_enough_contrast(open_page: Open) -> None:
    page = open_page()
    assert page.get_attribute("html", "lang") == "fr"
    nameless = page.evaluate(
        """[...document.querySelectorAll('button, input, select, meter')].filter(
             node => !(node.labels?.length || node.textContent.trim() || node.getAttribute('aria-label'))
           ).map(node => node.id)"""
    )
    assert nameless == []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        ratios = page.evaluate(CONTRASTS)
        poor = {name: ratio for name, ratio in ratios.items() if ratio < 4.5}
        assert not poor, f"below WCAG AA in {scheme}: {poor}"


CONTRASTS = """() => {
  const channel = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const parse = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const backdrop = (node) => {
    for (; node; node = node.parentElement) {
      const color = parse(getComputedStyle(node).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const ratios = {};
  for (const node of document.querySelectorAll('h1, h1 span, dt, dd, p, .legend span, button, label, select')) {
    const [one, other] = [light(parse(getComputedStyle(node).color)), light(backdrop(node))].sort((a, b) => b - a);
    ratios[node.id || node.className || node.tagName] = (one + 0.05) / (other + 0.05);
  }
  return ratios;
}"""


@pytest.mark.parametrize("rate_hz", [44_100, 48_000, 16_000, 8_000])
def test_resampler_keeps_speech_and_drops_what_would_fold(open_page: Open, rate_hz: int) -> None:
    page = open_page()
    kept, folded, length = page.evaluate(RESAMPLED, rate_hz)
    assert abs(length - 16_000) <= 40
    assert 0.9 < kept < 1.1
    if rate_hz > 20_000:
        assert folded < 0.02


RESAMPLED = """async (rate) => {
  const { Resampler } = await import(new URL('web/resample.js', location.href));
  const through = (hz) => {
    const resampler = new Resampler(rate);
    const out = [];
    for (let from = 0; from < rate; from += 128) {
      const length = Math.min(128, rate - from);
      const tone = Float32Array.from({ length }, (_, i) => Math.sin(2 * Math.PI * hz * (from + i) / rate));
      out.push(...resampler.push(tone));
    }
    return out;
  };
  const level = (samples) => {
    const middle = samples.slice(500, -500);
    return Math.sqrt(2 * middle.reduce((sum, x) => sum + x * x, 0) / middle.length);
  };
  const kept = through(1000);
  return [level(kept), rate > 20000 ? level(through(10000)) : 0, kept.length];
}"""
