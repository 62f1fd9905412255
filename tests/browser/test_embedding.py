"""The page in a frame of a record system: it begins what it is asked to, and gives reports to that origin alone."""

import base64
import html
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.responses import HTMLResponse

from .microphone import MICROPHONE, dictate
from .pages import WAIT_MS, finish, start, text, until, words
from .servers import AppServer, LoopThread, Wire
from .transcript import SENTENCES, TRANSCRIPT, share_recognised

FIRST = SENTENCES[0]

PARENT = """<!doctype html><title>Dossier</title>
<iframe src="{page}" allow="microphone; clipboard-write" width="1000" height="700"></iframe>
<script>
window.messages = [];
addEventListener('message', ({{ data, origin }}) => messages.push({{ ...data, origin }}));
</script>"""


@pytest.fixture(scope="module")
def record_system(loop: LoopThread) -> Iterator[AppServer]:
    """A page of another origin that shows the address in its query."""
    app = FastAPI()

    async def parent(page: str) -> HTMLResponse:
        return HTMLResponse(PARENT.format(page=page))

    app.add_api_route("/", parent, response_model=None)
    server = AppServer(loop, app)
    yield server
    server.stop()


@pytest.fixture
def web_settings(record_system: AppServer) -> dict[str, str]:
    return {"PAGE_PARENTS": f"http://localhost:{record_system.port}"}


def in_frame(chromium: Any, record_system: AppServer, wire: Wire, host: str) -> tuple[Any, Any]:
    outer = chromium.new_context(permissions=["microphone"]).new_page()
    outer.add_init_script(MICROPHONE)
    outer.goto(f"http://{host}:{record_system.port}/?page=http://127.0.0.1:{wire.port}/")
    return outer, outer.frames[1]


def test_report_that_the_record_system_began_is_given_back_to_it(
    chromium: Any, record_system: AppServer, wire: Wire
) -> None:
    outer, page = in_frame(chromium, record_system, wire, "localhost")
    page.wait_for_selector("[data-autotext]", state="attached", timeout=WAIT_MS)
    assert not page.is_visible("#send")
    begin = {"type": "carabin.start", "title": "Mme A", "vocabulary": "cardiologie", "specialty": "cardiologie"}
    outer.evaluate("(begin) => frames[0].postMessage(begin, '*')", begin)
    until(outer, "messages.some(({ type }) => type === 'carabin.ready')")
    assert page.input_value("#title") == "Mme A"
    assert page.input_value("#vocabulary") == "cardiologie"
    start(page)
    dictate(page, FIRST)
    finish(page)
    page.click("#report")
    outer.keyboard.press("Control+End")
    outer.keyboard.type(" ECG normal.")
    written = text(page)
    assert written.endswith(" ECG normal.")
    assert share_recognised(words(page), [FIRST]) >= TRANSCRIPT, written
    page.click("#send")
    until(outer, "messages.some(({ type }) => type === 'carabin.report')")
    (report,) = outer.evaluate("messages.filter(({ type }) => type === 'carabin.report')")
    assert report["text"] == written
    assert report["html"] == f"<p>{html.escape(written, quote=False)}</p>"
    assert base64.b64decode(report["document"]["content"][0]["attachment"]["data"]).decode() == written
    assert "Mme A" not in str(report)
    outer.context.close()


def test_page_of_an_origin_that_is_not_allowed_can_not_show_it(
    chromium: Any, record_system: AppServer, wire: Wire
) -> None:
    outer, _ = in_frame(chromium, record_system, wire, "127.0.0.1")
    outer.wait_for_load_state("networkidle")
    assert outer.frames[1].query_selector("#report") is None
    outer.context.close()


def test_messages_of_another_origin_begin_nothing(chromium: Any, record_system: AppServer, wire: Wire) -> None:
    outer, page = in_frame(chromium, record_system, wire, "localhost")
    page.wait_for_selector("[data-autotext]", state="attached", timeout=WAIT_MS)
    page.evaluate(
        """window.dispatchEvent(new MessageEvent('message', { source: window.parent, origin: 'https://evil.example',
             data: { type: 'carabin.start', title: 'volé' } }))"""
    )
    assert page.input_value("#title") == ""
    assert text(page) == ""
    assert not page.is_visible("#send")
    outer.context.close()
