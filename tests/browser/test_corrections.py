"""A sentence that is corrected by hand or by voice, and what of it is kept where the site and the speaker agreed."""

import json
from typing import Any

import pytest
from carabin.registry.corrections import SWEEP_KEY
from carabin.registry.testing.memory import MemoryStore

from .microphone import MICROPHONE, Messages, dictate
from .pages import WAIT_MS, Open, finish, start, text, units, until, until_exactly, until_so
from .servers import Wire
from .transcript import SENTENCES

FIRST, SECOND, _ = SENTENCES
KEY = "une-clef-de-test-assez-longue"
BUCKET = "corrections"
SETTINGS = {"API_KEYS": f"alice:{KEY}", "CORRECTIONS": "text", "CORRECTIONS_SALT": "un sel de test assez long"}


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> MemoryStore:
    """Where the service keeps corrections."""
    store = MemoryStore()
    store.ensure_bucket(BUCKET)
    monkeypatch.setattr("carabin.transcriber.web.mount.connect", lambda: store)
    return store


@pytest.fixture
def web_settings(kept: MemoryStore) -> dict[str, str]:
    return SETTINGS


def corrections(store: MemoryStore) -> list[dict[str, Any]]:
    keys = [key for key in store.list(BUCKET, "") if key != SWEEP_KEY]
    return [json.loads(store.get(BUCKET, key)) for key in keys]


def opened(open_page: Open, *, agrees: bool, expected: str = "401") -> Any:
    page = open_page(MICROPHONE, expected=expected)  # type: ignore[call-arg]
    sign_in(page, agrees=agrees)
    return page


def sign_in(page: Any, *, agrees: bool) -> None:
    page.click("#settings-button")
    page.fill("#token", KEY)
    page.press("#token", "Tab")
    page.wait_for_selector("#consent-box:not([hidden])", timeout=WAIT_MS)
    page.set_checked("#consent", agrees)
    page.keyboard.press("Escape")


def correct(page: Any) -> str:
    """Dictate two sentences, set a letter right in the first, and return it as it stands then."""
    start(page)
    dictate(page, FIRST)
    dictate(page, SECOND)
    finish(page)
    first, written = units(page)[0], text(page)
    page.click("#report .unit >> nth=0")
    page.keyboard.press("Home")
    for _ in range(len("Le patient")):
        page.keyboard.press("ArrowRight")
    page.keyboard.type("e")
    until_exactly(page, f"{written[:10]}e{written[10:]}")
    return f"{first[:10]}e{first[10:]}"


def test_sentence_corrected_by_hand_is_kept_with_its_raw_text_once_the_caret_leaves_it(
    open_page: Open, kept: MemoryStore
) -> None:
    page = opened(open_page, agrees=True)
    messages = Messages(page)
    corrected = correct(page)
    assert corrections(kept) == []
    with page.expect_response("**/v1/corrections", timeout=WAIT_MS) as answer:
        page.keyboard.press("Control+End")
    assert answer.value.status == 201
    (correction,) = corrections(kept)
    assert correction["raw"].strip() == messages.finals[0]["text"].strip()
    assert correction["corrected"] == corrected
    assert not page.is_visible("#error")


def test_correction_is_kept_where_another_report_is_begun_before_the_caret_leaves_the_sentence(
    open_page: Open, kept: MemoryStore
) -> None:
    page = opened(open_page, agrees=True)
    corrected = correct(page)
    with page.expect_response("**/v1/corrections", timeout=WAIT_MS):
        page.click("#new")
    page.keyboard.type("Autre patient.")
    until_exactly(page, "Autre patient.")
    (correction,) = corrections(kept)
    assert correction["corrected"] == corrected


@pytest.mark.parametrize("web_settings", [SETTINGS | {"PAGE_DRAFTS": "true"}])
def test_sentence_of_a_draft_that_outlived_a_reload_is_changed_by_hand_without_a_complaint(
    kept: MemoryStore,  # Before the page, whose service connects to it.
    open_page: Open,
) -> None:
    page = opened(open_page, agrees=True)
    correct(page)
    with page.expect_response("**/v1/corrections", timeout=WAIT_MS):
        page.keyboard.press("Control+End")
    written = text(page)
    page.reload()
    sign_in(page, agrees=True)
    until_exactly(page, written)
    page.click("#report .unit >> nth=0")
    page.keyboard.press("Home")
    page.keyboard.type("Oui. ")
    page.keyboard.press("Control+End")
    page.keyboard.type(" Bien.")
    until_exactly(page, f"Oui. {written} Bien.")
    assert len(corrections(kept)) == 1  # Its raw text is gone with the page.


@pytest.mark.parametrize("away", ["no replica", "no connection"])
def test_correction_is_kept_once_somebody_can_keep_it(
    away: str, open_page: Open, kept: MemoryStore, wire: Wire
) -> None:
    page = opened(open_page, agrees=True, expected="the server responded")
    corrected = correct(page)
    if away == "no replica":
        page.route("**/v1/corrections", lambda route: route.fulfill(status=503), times=1)
        with page.expect_response(lambda answer: answer.status == 503, timeout=WAIT_MS):
            page.keyboard.press("Control+End")
    else:
        with page.expect_event("requestfailed", lambda request: "/v1/corrections" in request.url, timeout=WAIT_MS):
            wire.cut()
            page.keyboard.press("Control+End")
        wire.mend()
    until_so(page, lambda: bool(corrections(kept)))
    (correction,) = corrections(kept)
    assert correction["corrected"] == corrected
    assert not page.is_visible("#error")


def test_correction_of_a_speaker_who_did_not_agree_stays_in_the_page(open_page: Open, kept: MemoryStore) -> None:
    page = opened(open_page, agrees=False)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    correct(page)
    page.keyboard.press("Control+End")
    page.click("#copy")  # Leaves the report, as the end of a correction too.
    until(page, "document.querySelector('#toast').textContent.includes('copié')")
    assert not [url for url in asked if "corrections" in url]
    assert corrections(kept) == []
