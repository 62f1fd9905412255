"""Every replica is replaced in turn while somebody dictates to the page: words, commands, corrections arrive once."""

import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from carabin.registry.corrections import SWEEP_KEY, CorrectionRecord
from carabin.registry.embedded.store import EmbeddedStore
from carabin.registry.s3_store import MinioStore
from carabin.registry.settings import StoreSettings

from ..browser.conftest import chromium, french_wav, open_page
from ..browser.microphone import MICROPHONE, say, until_written
from ..browser.pages import WAIT_MS, Open, pause, start, text, until
from .conftest import AUTOTEXT, DRAIN_S, SENTENCE, SPOKEN, Proxy, Replica, replace_in_turn

__all__ = ["chromium", "french_wav", "open_page"]

pytestmark = pytest.mark.usefixtures("haproxy_binary")  # nothing is started where it is not asked for

KEY = "une-clef-de-test-assez-longue"
BUCKET = "corrections"
CORRECTED = SENTENCE.replace("Le patient ", "Le patiente ")
CARET = """([place, text]) => {
  const unit = document.querySelectorAll('#report .unit')[place];
  const node = document.createTreeWalker(unit, NodeFilter.SHOW_TEXT).nextNode();
  getSelection().collapse(node, node.data.indexOf(text) + text.length);
}"""


@pytest.fixture(scope="module")
def store(haproxy_binary: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreSettings]:
    """Where the replicas keep corrections."""
    with EmbeddedStore(tmp_path_factory.mktemp("store")) as settings:
        yield settings


@pytest.fixture(scope="module")
def settings(store: StoreSettings) -> Mapping[str, str]:
    return {
        "CARABIN_STORE_ENDPOINT": store.endpoint,
        "CARABIN_STORE_SECURE": "false",
        "CARABIN_STORE_ACCESS_KEY": store.access_key,
        "CARABIN_STORE_SECRET_KEY": store.secret_key.get_secret_value(),
        "CARABIN_TRANSCRIBER_API_KEYS": f"alice:{KEY}",
        "CARABIN_TRANSCRIBER_CORRECTIONS": "text",
        "CARABIN_TRANSCRIBER_CORRECTIONS_SALT": "un sel de test assez long",
    }


@pytest.fixture(scope="module")
def said() -> str:
    return f"{SPOKEN} insérer constat"


@pytest.fixture
def wire(proxy: Proxy) -> Proxy:
    """Let the page be the one behind the proxy."""
    return proxy


def corrections(store: StoreSettings) -> list[CorrectionRecord]:
    bucket = MinioStore(store)
    keys = [key for key in bucket.list(BUCKET, "") if key != SWEEP_KEY]
    return [CorrectionRecord.model_validate_json(bucket.get(BUCKET, key)) for key in keys]


def agree(page: Any) -> None:
    """Say who dictates, and that corrections may be kept."""
    page.click("#settings-button")
    page.fill("#token", KEY)
    page.press("#token", "Tab")
    page.wait_for_selector("#consent-box:not([hidden])", timeout=WAIT_MS)
    page.set_checked("#consent", True)
    page.keyboard.press("Escape")


def correct(page: Any, sentence: int) -> None:
    """Put a letter into a sentence by hand, leave it, and wait until the correction is kept."""
    page.click(f"#report .unit >> nth={sentence}")
    page.evaluate(CARET, [sentence, "patient"])
    page.keyboard.press("e")
    with page.expect_response("**/v1/corrections", timeout=WAIT_MS) as answer:
        page.keyboard.press("Control+End")
    assert answer.value.status == 201


def test_page_loses_no_word_command_or_correction_while_every_replica_is_replaced(
    open_page: Open, proxy: Proxy, replicas: list[Replica], store: StoreSettings, said: str
) -> None:
    page = open_page(MICROPHONE, expected="Failed to load resource")  # type: ignore[call-arg]
    sockets: list[Any] = []
    page.on("websocket", lambda socket: sockets.append(socket))
    agree(page)
    start(page)
    sentences = 0
    with ThreadPoolExecutor(1) as pool:
        replaced = pool.submit(replace_in_turn, proxy, replicas)
        while sentences == 0 or not replaced.done():
            say(page, SENTENCE)
            until_written(page, sentences)
            until(page, f"document.querySelector('#report').textContent.split({AUTOTEXT!r}).length > {sentences + 1}")
            correct(page, sentences)
            sentences += 1
        drained_s = replaced.result()
    pause(page)
    kept = corrections(store)
    sys.stdout.write(
        f"\nthe page: {sentences} sentences, commands and corrections over {len(sockets)} connections;"
        f" replicas drained in {', '.join(f'{each:.1f}' for each in drained_s)} s\n"
    )
    assert text(page).split() == [word for _ in range(sentences) for word in f"{CORRECTED} {AUTOTEXT}".split()]
    assert len(kept) == sentences
    assert {(each.raw.strip(), each.corrected) for each in kept} == {(said, CORRECTED)}
    assert len({(each.session, each.utterance) for each in kept}) == sentences
    assert len(sockets) > 1, "the page met no replica that left"
    assert max(drained_s) < DRAIN_S + 5
