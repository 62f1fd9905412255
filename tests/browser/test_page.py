"""The page as it is served: nothing foreign, nothing without a token, whole at any address."""

import base64
import hashlib
import re
from typing import Any

import pytest

from .microphone import MICROPHONE, dictate, say, until_written
from .pages import WAIT_MS, Open, finish, start, text, until, words
from .servers import LoopThread, StrippingProxy, Wire
from .transcript import SENTENCES, TRANSCRIPT, share_recognised

FIRST = SENTENCES[0]
KEY = "une-clef-de-test-assez-longue"


def test_page_loads_nothing_from_elsewhere_and_runs_no_script_but_its_own(open_page: Open, wire: Wire) -> None:
    page = open_page()
    response = page.reload()
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    loaded = page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
    assert len(loaded) > 20
    assert all(name.startswith(f"http://127.0.0.1:{wire.port}/") for name in loaded)
    (inline,) = re.findall(r"<script>(.*?)</script>", response.text(), re.DOTALL)
    assert base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode() in policy


def test_page_of_which_a_script_did_not_arrive_says_so_and_is_loaded_anew_once_the_service_answers(
    open_page: Open,
) -> None:
    page = open_page(expected="503")
    away = True

    def lose(route: Any) -> None:
        if away:
            route.abort()
        else:
            route.continue_()

    def refuse(route: Any) -> None:
        if away and route.request.method == "HEAD":
            route.fulfill(status=503)
        else:
            route.continue_()

    page.route("**/js/document/join.js", lose)
    page.route("**/js/app.js", refuse)
    page.reload()
    until(page, "document.querySelector('#error-text').textContent.includes('pas arrivée entière')")
    assert page.is_visible("#error")
    away = False
    page.wait_for_selector("#report.ProseMirror", timeout=WAIT_MS)
    assert not page.is_visible("#error")
    page.click("#report")
    page.keyboard.type("Écrit.")
    assert text(page) == "Écrit."


def test_page_is_whole_behind_a_proxy_that_serves_it_under_a_path(chromium: Any, wire: Wire, loop: LoopThread) -> None:
    proxy = StrippingProxy(loop, wire.port, "/dictee")
    context = chromium.new_context(permissions=["microphone"])
    page = context.new_page()
    page.add_init_script(MICROPHONE)
    page.goto(f"http://127.0.0.1:{proxy.port}/dictee")  # Without the slash that relative addresses need.
    page.wait_for_url("**/dictee/", timeout=WAIT_MS)
    until(page, "getComputedStyle(document.querySelector('footer')).display === 'grid'")
    start(page)
    dictate(page, FIRST)
    finish(page)
    assert share_recognised(words(page), [FIRST]) >= TRANSCRIPT, text(page)
    context.close()
    proxy.stop()


@pytest.mark.parametrize("web_settings", [{"API_KEYS": f"alice:{KEY}"}])
def test_token_is_asked_for_when_the_service_wants_one_and_a_wrong_one_is_distinguished(open_page: Open) -> None:
    page = open_page(MICROPHONE, expected="401")
    page.wait_for_selector("#error:not([hidden])", timeout=WAIT_MS)
    assert "demande un jeton" in page.inner_text("#error")
    page.click("#settings-button")
    page.fill("#token", "pas-la-bonne-clef-du-tout")
    page.keyboard.press("Escape")
    until(page, "document.querySelector('#error-text').textContent.includes(\"n'est pas accepté\")")
    page.click("#dictate")
    page.wait_for_selector("#state[data-state=refused]", timeout=WAIT_MS)
    say(page, FIRST)  # Speech is kept while the token is looked for.
    assert "votre voix est gardée" in page.inner_text("#band")
    page.click("#settings-button")
    page.fill("#token", KEY)
    page.keyboard.press("Escape")
    page.wait_for_selector("#state[data-state=open]", timeout=WAIT_MS)
    until_written(page, 0)
    finish(page)
    assert share_recognised(words(page), [FIRST]) >= TRANSCRIPT, text(page)
    assert not page.is_visible("#error")


def test_page_of_another_origin_shows_why_its_dictation_is_refused(chromium: Any, wire: Wire, loop: LoopThread) -> None:
    proxy = StrippingProxy(loop, wire.port, "", host="records.example")
    context = chromium.new_context(permissions=["microphone"])
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{proxy.port}/")
    page.wait_for_selector("#dictate:enabled", timeout=WAIT_MS)
    page.click("#dictate")
    page.wait_for_selector("#state[data-state=refused]", timeout=WAIT_MS)
    assert "CARABIN_TRANSCRIBER_ORIGINS" in page.inner_text("#error")
    context.close()
    proxy.stop()


@pytest.mark.parametrize("rate_hz", [44_100, 48_000, 16_000, 8_000])
def test_resampler_keeps_speech_and_drops_what_would_fold(open_page: Open, rate_hz: int) -> None:
    page = open_page()
    kept, folded, length = page.evaluate(RESAMPLED, rate_hz)
    assert abs(length - 16_000) <= 40
    assert 0.9 < kept < 1.1
    if rate_hz > 20_000:
        assert folded < 0.02


RESAMPLED = """async (rate) => {
  const { Resampler } = await import(new URL('web/js/audio/resample.js', location.href));
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
