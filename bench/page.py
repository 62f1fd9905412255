"""What the dictation page costs the browser for each partial, at the end of a report of an hour.

    python bench/page.py                      # 500 finals in one paragraph, then 60 partials
    python bench/page.py --paragraph 10       # a new paragraph every 10 finals, as reports are dictated
    python bench/page.py --against FOLDER     # and the page whose files are in FOLDER (web/static of another commit)

Chromium gives its own figures of its main thread (CDP `Performance.getMetrics`), here in CPU time of that thread, so
that other work on the machine counts as little as can be: scripts, style, layout, and with them painting and committing
the frame. Each figure is the median over the partials of one round, and the median round is printed; with `--against`
the rounds of both pages alternate. A microphone with a little noise records all the while; what that costs in an
interval without a partial is measured before and taken off. The service is real, over the shipped fake engine.
"""

import argparse
import json
import shutil
import sys
import tempfile
import wave
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np
from carabin.transcriber.core.events import Final as FinalEvent
from carabin.transcriber.core.events import Partial
from carabin.transcriber.testing import dictation as fake
from carabin.transcriber.testing.dictation import FakeDictation
from carabin.transcriber.testing.server import ThreadedServer
from carabin.transcriber.testing.transcriber import FakeTranscriber
from carabin.transcriber.web import pages as pages_module
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

RATE_HZ: Final = 16_000
TARGET_MS: Final = 10.0
SENTENCE: Final = (
    "Patient de soixante-douze ans, sous bisoprolol deux virgule cinq milligrammes, sans signe d'insuffisance."
)
WORDS: Final = (
    "Électrocardiogramme normal, pas de trouble de la repolarisation, pas de trouble du rythme " * 2
).split()
INTERVAL_MS: Final = 300
"""Between two partials: what the transcriber sends when it is not loaded."""
IDLE_INTERVALS: Final = 20
FIGURES: Final = {
    "all": "TaskDuration",
    "layout": "LayoutDuration",
    "style": "RecalcStyleDuration",
    "script": "ScriptDuration",
}


@dataclass(frozen=True, slots=True)
class PageScore:
    page: str
    finals: int
    partials: int
    partial_ms: float
    """CPU time of the main thread for each partial: scripts, style, layout, painting; without the recording's."""
    layout_ms: float
    """Style and layout alone."""
    script_ms: float
    recording_ms_per_s: float
    """CPU time of the main thread for each second of recording."""


class Chromium:
    """The page's main thread, in milliseconds of CPU time since it began."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def interval(self, action: Callable[[], None] | None = None) -> dict[str, float]:
        """Return what an interval costs that begins with an action."""
        before = self._spent()
        if action:
            action()
        self._page.wait_for_timeout(INTERVAL_MS)
        after = self._spent()
        return {figure: after[name] - before[name] for figure, name in FIGURES.items()}

    def _spent(self) -> dict[str, float]:
        metrics = self._session.send("Performance.getMetrics")["metrics"]
        return {each["name"]: 1000 * each["value"] for each in metrics}


@dataclass(frozen=True, slots=True)
class Load:
    """What a report holds, and how much is said at its end."""

    finals: int
    partials: int
    paragraph: int | None
    """Finals in a paragraph; all in one by default."""


class Speaker:
    """Emits events into one session of the service."""

    def __init__(self, server: ThreadedServer, dictation: FakeDictation) -> None:
        self._server = server
        self._dictation = dictation

    def final(self, number: int, text: str) -> None:
        self._say(FinalEvent(number, 0.0, 0.0, f" {text}", (), 0.9, "v", "fr"))

    def partial(self, utterance: int, count: int) -> None:
        said = [f" {word}" for word in WORDS[: 2 + count % (len(WORDS) - 2)]]
        self._say(Partial(utterance, count, 0.0, 0.0, "".join(said[:-1]), said[-1], "v", "fr"))

    def _say(self, event: Any) -> None:
        self._server.call(lambda: self._dictation.emit(event))


def measure(page: Page, server: ThreadedServer, load: Load) -> dict[str, float]:
    """Fill a report with finals, then show partials at its end; returns the medians."""
    page.wait_for_selector("#dictate:enabled")
    page.click("#dictate")
    page.wait_for_selector("#state[data-state=open]")
    speaker = Speaker(server, next(reversed(server.transcriber.dictations.values())))
    for number in range(load.finals):
        begins = load.paragraph and number and number % load.paragraph == 0
        speaker.final(number, f"à la ligne {SENTENCE}" if begins else SENTENCE)
    while page.locator("#report .unit").count() < load.finals:
        page.wait_for_timeout(100)
    chromium = Chromium(page)
    alone = _medians([chromium.interval() for _ in range(IDLE_INTERVALS)])
    spent = _medians(
        [chromium.interval(partial(speaker.partial, load.finals, count)) for count in range(load.partials)]
    )
    cost = {figure: spent[figure] - alone[figure] for figure in FIGURES}
    return cost | {"recording": alone["all"] * 1000 / INTERVAL_MS}


def _medians(intervals: list[dict[str, float]]) -> dict[str, float]:
    return {figure: median(each[figure] for each in intervals) for figure in intervals[0]}


def noise(path: Path) -> Path:
    """Write what a microphone in a quiet room records: a tone would be refused as no audio of its format."""
    samples = np.random.default_rng(0).normal(0.0, 200.0, 10 * RATE_HZ).astype(np.int16)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.tobytes())
    return path


def rounds(browser: Browser, load: Load, pages: dict[str, Path], count: int) -> list[PageScore]:
    """Measure each page in turn, `count` times; each report has a service of its own."""
    measured: dict[str, list[dict[str, float]]] = {name: [] for name in pages}
    for _ in range(count):
        for name, static in pages.items():
            pages_module.STATIC = static  # type: ignore[misc]
            server = ThreadedServer(FakeTranscriber(version="v"))
            server.start()
            page = browser.new_context(permissions=["microphone"]).new_page()
            page.goto(server.url.replace("ws", "http", 1))
            measured[name].append(measure(page, server, load))
            page.context.close()
            server.stop()
    return [_score(name, load, _medians(each)) for name, each in measured.items()]


def _score(name: str, load: Load, cost: dict[str, float]) -> PageScore:
    layout = cost["layout"] + cost["style"]
    return PageScore(name, load.finals, load.partials, cost["all"], layout, cost["script"], cost["recording"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--finals", type=int, default=500)
    parser.add_argument("--partials", type=int, default=60)
    parser.add_argument("--paragraph", type=int, help="finals in a paragraph")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--against", type=Path, help="folder with another page's files")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    fake.LOUD = 2.0  # The microphone's noise is no words.
    pages: dict[str, Path] = {"this page": pages_module.STATIC} | (
        {str(args.against): args.against} if args.against else {}
    )
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as running:
        microphone = noise(Path(folder) / "noise.wav")
        browser = running.chromium.launch(
            executable_path=next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None),
            args=[
                "--no-sandbox",
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-audio-capture={microphone}",
            ],
        )
        scores = rounds(browser, Load(args.finals, args.partials, args.paragraph), pages, args.rounds)
        browser.close()
    for score in scores:
        sys.stdout.write(json.dumps(asdict(score)) + "\n" if args.json else _text(score))


def _text(score: PageScore) -> str:
    return (
        f"{score.page}: {score.finals} finals, {score.partials} partials, median CPU time of Chromium's main thread:\n"
        f"  each partial          {score.partial_ms:6.1f} ms (bound: {TARGET_MS:.0f})\n"
        f"    style and layout    {score.layout_ms:6.1f} ms\n"
        f"    scripts             {score.script_ms:6.1f} ms\n"
        f"  recording, a second   {score.recording_ms_per_s:6.1f} ms\n"
    )


if __name__ == "__main__":
    main()
