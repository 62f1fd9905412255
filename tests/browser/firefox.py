"""A headless Firefox, driven by WebDriver BiDi (w3c.github.io/webdriver-bidi), which needs no driver beside it."""

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

PREFERENCES = {
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "media.navigator.permission.disabled": True,  # The microphone is given without a question.
}
START_S = 180
KEYS = {"Control": "\ue009", "Home": "\ue011", "End": "\ue010"}


class FirefoxPage:
    """What the helpers of `pages` need of a page."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._number = 0
        self.complaints: list[str] = []
        """Errors of the page's console, but for connections that a test cut."""
        self._call("session.new", capabilities={})
        self._call("session.subscribe", events=["log.entryAdded"])
        self._context = self._call("browsingContext.getTree")["contexts"][0]["context"]

    def goto(self, url: str) -> None:
        self._call("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def evaluate(self, expression: str, *arguments: Any) -> Any:
        """Evaluate an expression, or call a function with JSON arguments; the result travels as JSON too."""
        if arguments:
            expression = f"({expression})({', '.join(map(json.dumps, arguments))})"
        answer = self._call(
            "script.evaluate",
            expression=f"JSON.stringify(({expression}) ?? null)",
            target={"context": self._context},
            awaitPromise=True,
        )
        assert answer["type"] == "success", answer
        return json.loads(answer["result"]["value"])

    def wait_for_selector(self, selector: str, timeout: float = 60_000) -> None:
        """Wait until an element is there; `timeout` in milliseconds."""
        for _ in range(int(timeout) // 50):
            if self.evaluate(f"document.querySelector({json.dumps(selector)}) !== null"):
                return
            self.wait_for_timeout(50)
        raise AssertionError(f"{selector} never came")

    def get_attribute(self, selector: str, name: str) -> str | None:
        value: str | None = self.evaluate(
            f"document.querySelector({json.dumps(selector)}).getAttribute({json.dumps(name)})"
        )
        return value

    def wait_for_timeout(self, milliseconds: float) -> None:
        time.sleep(milliseconds / 1000)

    def click(self, selector: str) -> None:
        """Click as a hand does."""
        middle = f"""(() => {{
          const {{ left, top, width, height }} = document.querySelector({json.dumps(selector)}).getBoundingClientRect();
          return [Math.round(left + width / 2), Math.round(top + height / 2)];
        }})()"""
        x, y = self.evaluate(middle)
        actions = [
            {"type": "pointerMove", "x": x, "y": y},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        source = {"type": "pointer", "id": "mouse", "actions": actions}
        self._call("input.performActions", context=self._context, actions=[source])

    def press(self, *keys: str) -> None:
        """Press keys together, as `Control` and `z`."""
        names = [KEYS.get(key, key) for key in keys]
        down = [{"type": "keyDown", "value": name} for name in names]
        up = [{"type": "keyUp", "value": name} for name in reversed(names)]
        source = {"type": "key", "id": "keyboard", "actions": down + up}
        self._call("input.performActions", context=self._context, actions=[source])

    def type(self, text: str) -> None:
        """Type without a pause: what is said meanwhile goes before or behind it all."""
        actions = [{"type": kind, "value": letter} for letter in text for kind in ("keyDown", "keyUp")]
        source = {"type": "key", "id": "keyboard", "actions": actions}
        self._call("input.performActions", context=self._context, actions=[source])

    def _call(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        self._connection.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._connection.recv(timeout=START_S))
            if answer.get("method") == "log.entryAdded" and answer["params"]["level"] == "error":
                self._note(answer["params"]["text"] or "")
            if answer.get("id") == self._number:
                assert answer["type"] == "success", answer
                return answer["result"]

    def _note(self, complaint: str) -> None:
        if "ws://" not in complaint:
            self.complaints.append(complaint)


@contextmanager
def firefox(executable: str, profile: Path, environment: dict[str, str] | None = None) -> Iterator[FirefoxPage]:
    """Run a Firefox of its own."""
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(lines), "utf-8")
    command = [executable, "--headless", "--no-remote", "--remote-debugging-port", "0", "--profile", str(profile)]
    variables = os.environ | (environment or {})
    process = subprocess.Popen(command, env=variables, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        with connect(f"{_address(process)}/session", max_size=None, open_timeout=START_S) as connection:
            yield FirefoxPage(connection)
    finally:
        process.terminate()
        process.wait(START_S)
        assert process.stderr is not None
        process.stderr.close()


def _address(process: "subprocess.Popen[str]") -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.search(r"WebDriver BiDi listening on (ws://\S+)", line):
            return found[1]
    raise AssertionError("Firefox ended before it listened")
