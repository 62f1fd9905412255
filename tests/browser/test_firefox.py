"""The page in Firefox, by hand: typing, auto-texts, undo, a second report.

Speech is not tested there: without a sound device Firefox starts no audio graph, not even for its fake microphone. Over
ALSA's null device, with its sandbox off, it recorded and wrote in one run and stayed suspended in the others.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from .firefox import FirefoxPage, firefox
from .pages import text, until, until_text
from .servers import Wire

FIREFOX = next(filter(None, map(shutil.which, ("firefox-esr", "firefox"))), None)


@pytest.fixture
def page(wire: Wire, tmp_path: Path) -> Iterator[FirefoxPage]:
    if FIREFOX is None:
        pytest.skip("no Firefox on this machine: apt-get install firefox-esr")
    with firefox(FIREFOX, tmp_path) as running:
        running.goto(f"http://127.0.0.1:{wire.port}/")
        yield running


def test_report_is_written_and_taken_back_in_firefox(page: FirefoxPage) -> None:
    until(page, "document.querySelector('[data-autotext]') !== null && !document.querySelector('#dictate').disabled")
    page.click("#report")
    page.type("Motif.")
    until_text(page, "Motif.")
    page.click("#insert")
    until(page, "document.activeElement.dataset.autotext !== undefined")
    page.click("[data-autotext='signature']")
    until(page, "document.querySelector('.variable.ProseMirror-selectednode') !== null")
    page.type("Martin")
    until_text(page, "Martin")
    assert text(page) == "Motif. Dr Martin\nPraticien hospitalier"
    page.press("Control", "z")
    page.press("Control", "z")
    assert text(page) == "Motif."
    page.press("Control", "y")
    assert text(page) == "Motif. Dr nom\nPraticien hospitalier"
    page.click("#new")
    assert text(page) == ""
    page.type("Autre patient.")
    until_text(page, "Autre patient.")
    page.click("#reports-button")
    page.click("#reports-list li:first-child button")
    assert text(page).startswith("Motif. Dr")


def test_policy_lets_every_module_and_style_load_in_firefox(page: FirefoxPage) -> None:
    until(page, "document.querySelector('[data-autotext]') !== null")
    assert page.evaluate("getComputedStyle(document.querySelector('footer')).display") == "grid"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
