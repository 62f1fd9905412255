"""What a speaker does with the page, and what stands on it."""

import re
from collections.abc import Callable
from typing import Any

import pytest

WAIT_MS = 60_000
"""More than any step needs on a loaded machine; reached only by failures."""

Open = Callable[..., Any]

_TEXT = """(kept) => [...document.querySelectorAll('#report p')].map((line) => {
  const copy = line.cloneNode(true);
  if (!kept) copy.querySelectorAll('.partial').forEach((node) => node.remove());
  return copy.textContent;
}).join('\\n')"""


def text(page: Any) -> str:
    """The report's text, without words in progress."""
    return str(page.evaluate(_TEXT, False))


def shown(page: Any) -> str:
    """The report's text with the words in progress."""
    return str(page.evaluate(_TEXT, True))


def words(page: Any) -> list[str]:
    return words_of(text(page))


def words_of(written: str) -> list[str]:
    return re.findall(r"\w+", written)


def units(page: Any) -> list[str]:
    """The spoken sentences, as they stand."""
    return list(page.evaluate("[...document.querySelectorAll('#report .unit')].map((node) => node.textContent.trim())"))


def until(page: Any, condition: str) -> None:
    """Wait for a condition; the page's own policy forbids the evaluation that `wait_for_function` needs."""
    for _ in range(WAIT_MS // 50):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"never came true: {condition}; the report is {text(page)!r}")


def until_so(page: Any, condition: Callable[[], bool]) -> None:
    """Wait for a condition of the test's own, while the page goes on."""
    for _ in range(WAIT_MS // 50):
        if condition():
            return
        page.wait_for_timeout(50)
    pytest.fail(f"never came true; the report is {text(page)!r}")


def until_text(page: Any, part: str) -> None:
    """Wait until the report's text holds a part."""
    for _ in range(WAIT_MS // 50):
        if part in text(page):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"{part!r} was never written; the report is {text(page)!r}")


def until_exactly(page: Any, whole: str) -> None:
    """Wait until the report's text is this one and nothing else."""
    for _ in range(WAIT_MS // 50):
        if text(page) == whole:
            return
        page.wait_for_timeout(50)
    pytest.fail(f"the report never became {whole!r}; it is {text(page)!r}")


def until_units(page: Any, count: int) -> None:
    until(page, f"document.querySelectorAll('#report .unit').length >= {count}")


def start(page: Any) -> None:
    page.click("#dictate")
    page.wait_for_selector("#state[data-state=open]", timeout=WAIT_MS)


def pause(page: Any) -> None:
    """Stop recording, and wait until no words are in progress."""
    if page.get_attribute("#dictate", "aria-pressed") == "true":
        page.click("#dictate")
    page.wait_for_selector("#dictate[aria-pressed=false]", timeout=WAIT_MS)
    until(page, "!document.querySelector('#report .partial')")


def finish(page: Any) -> None:
    """Stop recording once nobody speaks, and wait until the session is over: everything that was said is written."""
    until(page, "!window.speaking")  # Set by `MICROPHONE`.
    pause(page)
    page.wait_for_selector("#state[data-state=closed]", timeout=2 * WAIT_MS)


def recorded(page: Any) -> int:
    """Samples of the session in use."""
    return int(page.evaluate("window.carabin?.lastLog.end ?? 0"))


def record(page: Any, seconds: float) -> None:
    """Wait until the page has recorded so much more."""
    until(page, f"window.carabin.lastLog.end >= {recorded(page) + int(seconds * 16_000)}")


def insert(page: Any, name: str) -> None:
    """Insert an auto-text from the menu."""
    page.click("#insert")
    page.click(f"[data-autotext='{name}']")


def choose(page: Any, control: str, value: str) -> None:
    """Choose in the settings."""
    page.click("#settings-button")
    page.select_option(control, value)
    page.keyboard.press("Escape")
