"""What axe-core finds in each state of the page; CARABIN_TEST_SCREENSHOTS=FOLDER has each drawn, at each width.

Over the shipped fake: words stay in progress while the page is looked at in two schemes and four widths, and the
pictures in the docs are of a report that reads as one.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from carabin.transcriber.testing.transcriber import FakeTranscriber

from .pages import WAIT_MS, Open, insert, pause, record, start, until, until_text
from .servers import Wire
from .speaker import Speaker

REPORT = (
    "Motif deux points douleur thoracique depuis ce matin.\n",
    "Patient de soixante-douze ans, sous bisoprolol deux virgule cinq milligrammes.",
    "Tension à treize sur huit, pouls à soixante-dix battements par minute.",
    "Pas de souffle, pas de signe d'insuffisance cardiaque.",
)
WIDTHS = {"1280": (1280, 800), "1920": (1920, 1080), "phone": (390, 844), "narrow": (320, 640)}


@pytest.fixture
def transcriber(fake: FakeTranscriber) -> FakeTranscriber:
    """Let the fake write; see the module."""
    return fake


def dictate(page: Any, speaker: Speaker) -> None:
    start(page)
    for sentence in REPORT:
        speaker.final(sentence)
    until_text(page, "insuffisance")
    record(page, 0.4)
    speaker.begins()
    speaker.partial("Électrocardiogramme normal, pas de trouble de la repolarisation")
    until(page, "document.querySelector('#report .partial')?.textContent.includes('repolarisation')")


def empty(page: Any, speaker: Speaker, wire: Wire) -> None:
    page.wait_for_selector("#dictate:enabled", timeout=WAIT_MS)


def live(page: Any, speaker: Speaker, wire: Wire) -> None:
    page.fill("#title", "Consultation de cardiologie")
    page.click("#report")
    dictate(page, speaker)


def cut(page: Any, speaker: Speaker, wire: Wire) -> None:
    live(page, speaker, wire)
    wire.cut()
    page.wait_for_selector("#state[data-state=retry]", timeout=WAIT_MS)
    record(page, 2.0)
    until(page, "/\\([2-9]/.test(document.querySelector('#band').textContent)")


def reports(page: Any, speaker: Speaker, wire: Wire) -> None:
    live(page, speaker, wire)
    speaker.final("Électrocardiogramme normal.")
    pause(page)
    page.click("#new")
    page.fill("#title", "Échographie de contrôle")
    page.click("#report")
    insert(page, "signature")
    page.click("#reports-button")


def settings(page: Any, speaker: Speaker, wire: Wire) -> None:
    page.wait_for_selector("[data-autotext]", state="attached", timeout=WAIT_MS)
    page.click("#settings-button")


def helped(page: Any, speaker: Speaker, wire: Wire) -> None:
    page.wait_for_selector("[data-autotext]", state="attached", timeout=WAIT_MS)
    page.click("#help-button")


WIDER = """[...document.querySelectorAll('dialog[open] :is(select, button, input, meter)')].filter((control) =>
  control.getBoundingClientRect().right > control.closest('form').getBoundingClientRect().right + 0.5
).map(({ id }) => id)"""

OVERLAPPING = """[...document.querySelectorAll('dialog[open] :is(dt, dd)')].filter((said) =>
  said.scrollWidth > said.clientWidth
).map(({ textContent }) => textContent)"""

STATES: dict[str, Callable[[Any, Speaker, Wire], None]] = {
    "empty": empty,
    "live": live,
    "cut": cut,
    "reports": reports,
    "settings": settings,
    "help": helped,
}


@pytest.mark.parametrize("fake_choices", [{"version": "20260101T000000Z-3f2a9c01b7de"}])
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    open_page: Open, speaker: Speaker, wire: Wire, state: str
) -> None:
    page = open_page()
    STATES[state](page, speaker, wire)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for name, (width, height) in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"
            assert page.evaluate(WIDER) == [], f"controls stand out of their panel at {name}"
            assert page.evaluate(OVERLAPPING) == [], f"words stand on others at {name}"
            draw(page, f"{state}-{name}-{scheme}")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


def draw(page: Any, name: str) -> None:
    if folder := os.environ.get("CARABIN_TEST_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")
