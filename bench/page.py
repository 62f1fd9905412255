"""What the dictation page costs the browser for each partial, at the end of a report of an hour.

    python bench/page.py                      # 500 finals, then 100 partials
    python bench/page.py --finals 50 --json

Chromium gives its own figures of its main thread (CDP `Performance.getMetrics`): scripts, style, layout, painting.
Its synthetic microphone records all the while; what that costs alone is measured first and taken off. The service is
real, over the shipped fake engine.
"""

import argparse
import json
import shutil
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any, Final

from carabin.transcriber.core.events import Final as FinalEvent
from carabin.transcriber.core.events import Partial
from carabin.transcriber.testing import dictation as fake
from carabin.transcriber.testing.server import ThreadedServer
from carabin.transcriber.testing.transcriber import FakeTranscriber
from playwright.sync_api import CDPSession, Page, sync_playwright

TARGET_MS: Final = 10.0
SENTENCE: Final = (
    "Patient de soixante-douze ans, sous bisoprolol deux virgule cinq milligrammes, sans signe d'insuffisance."
)
WORDS: Final = (
    "Électrocardiogramme normal, pas de trouble de la repolarisation, pas de trouble du rythme " * 2
).split()
INTERVAL_S: Final = 0.25
"""Between two partials: what the transcriber sends when it is not loaded."""


@dataclass(frozen=True, slots=True)
class PageScore:
    finals: int
    partials: int
    recording_ms_per_s: float
    """Main thread time of each second of recording alone."""
    partial_ms: float
    """Main thread time of each partial, without that."""
    layout_ms: float
    script_ms: float


class Chromium:
    """The page's main thread, in milliseconds since it began."""

    def __init__(self, page: Page) -> None:
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._session.send("Performance.enable")

    def spent(self) -> dict[str, float]:
        metrics = self._session.send("Performance.getMetrics")["metrics"]
        return {each["name"]: 1000 * each["value"] for each in metrics if each["name"].endswith("Duration")}


def measure(page: Page, server: ThreadedServer, n_finals: int, n_partials: int) -> PageScore:
    """Fill a report with finals, then show partials at its end."""
    page.wait_for_selector("#dictate:enabled")
    page.click("#dictate")
    page.wait_for_selector("#state[data-state=open]")
    dictation = next(iter(server.transcriber.dictations.values()))

    def say(event: Any) -> None:
        server.call(lambda: dictation.emit(event))

    for number in range(n_finals):
        say(FinalEvent(number, 0.0, 0.0, f" {SENTENCE}", (), 0.9, "v", "fr"))
    while page.locator("#report .unit").count() < n_finals:
        page.wait_for_timeout(100)
    chromium = Chromium(page)
    before = chromium.spent()
    page.wait_for_timeout(5000)
    alone = {name: (value - before[name]) / 5 for name, value in chromium.spent().items()}
    before, start = chromium.spent(), time.monotonic()
    for count in range(n_partials):
        said = [f" {word}" for word in WORDS[: 2 + count % (len(WORDS) - 2)]]
        say(Partial(n_finals, count, 0.0, 0.0, "".join(said[:-1]), said[-1], "v", "fr"))
        page.wait_for_timeout(1000 * INTERVAL_S)
    after, seconds = chromium.spent(), time.monotonic() - start
    cost = {name: (after[name] - before[name] - alone[name] * seconds) / n_partials for name in after}
    return PageScore(
        n_finals,
        n_partials,
        alone["TaskDuration"],
        cost["TaskDuration"],
        cost["LayoutDuration"] + cost["RecalcStyleDuration"],
        cost["ScriptDuration"],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--finals", type=int, default=500)
    parser.add_argument("--partials", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    fake.LOUD = 2.0  # The synthetic microphone's beeps are no words.
    server = ThreadedServer(FakeTranscriber(version="v"))
    server.start()
    try:
        with sync_playwright() as running:
            browser = running.chromium.launch(
                executable_path=next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None),
                args=["--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"],
            )
            page = browser.new_page(permissions=["microphone"])
            page.goto(server.url.replace("ws", "http", 1))
            score = measure(page, server, args.finals, args.partials)
            browser.close()
    finally:
        server.stop()
    sys.stdout.write(json.dumps(asdict(score)) + "\n" if args.json else _text(score))


def _text(score: PageScore) -> str:
    return (
        f"{score.finals} finals on the page, {score.partials} partials, main thread of Chromium:\n"
        f"  scripts, style, layout  {score.script_ms + score.layout_ms:6.1f} ms a partial (bound: {TARGET_MS:.0f})\n"
        f"    scripts alone         {score.script_ms:6.1f} ms\n"
        f"  and with painting       {score.partial_ms:6.1f} ms\n"
        f"  recording, each second  {score.recording_ms_per_s:6.1f} ms\n"
    )


if __name__ == "__main__":
    main()
