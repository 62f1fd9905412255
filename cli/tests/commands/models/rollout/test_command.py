"""`carabin models rollout` on a real store, with transcribers whose series are real."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from carabin.cli.main import main
from carabin.transcriber.metrics import Metrics
from prometheus_client import generate_latest

from ....conftest import words
from ..conftest import Registry
from .conftest import answering

FAST = ("--hold", "0s", "--every", "0.05s", "--min-finals", "20", "--reason", "fewer drug errors")


class Pod:
    """A transcriber to which physicians dictate between two scrapes."""

    def __init__(self, production: str, candidate: str) -> None:
        self.metrics = Metrics()
        self.production, self.candidate = production, candidate
        self.empty_of_ten = 0
        self.speak(60)

    def speak(self, finals: int) -> None:
        for i in range(finals):
            self.metrics.utterance_decoded(self.production, "text", 1)
            self.metrics.final_of_version(self.production, 0.4, 0.9)
            empty = i % 10 < self.empty_of_ten
            self.metrics.utterance_decoded(self.candidate, "empty" if empty else "text", 1)
            self.metrics.final_of_version(self.candidate, 0.4, 0.9)

    def answer(self, _: BaseHTTPRequestHandler) -> tuple[int, bytes]:
        self.speak(10)
        return 200, generate_latest(self.metrics.registry)


@pytest.fixture
def pod(registry: Registry) -> Iterator[tuple[Pod, str]]:
    production, candidate = registry.publish(0.3), registry.publish(0.1)
    assert main(["models", "promote", production, "--reason", "first"]) == 0
    speaking = Pod(production, candidate)
    with answering(speaking.answer) as url:
        yield speaking, url


def test_a_good_version_is_in_production_in_the_end(
    registry: Registry, pod: tuple[Pod, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (speaking, url), textfile = pod, tmp_path / "rollout.prom"
    command = ["models", "rollout", "latest", "--pods", url, *FAST, "--metrics-file", str(textfile), "--json"]
    capfd.readouterr()
    assert main(command) == 0
    said = capfd.readouterr()
    ended = json.loads(said.out)
    assert (ended["outcome"], ended["plan"]["by"]) == ("arrived", "infirmier")
    assert "totals" not in ended
    assert "step 2 of 3, 25%: begun" in said.err
    assert registry.tags(speaking.candidate)["stage"] == "production"
    assert 'outcome="arrived"' in textfile.read_text()
    assert main(["models", "log"]) == 0
    assert "fewer drug errors (rollout, step 1 of 3, 5%)" in words(capfd.readouterr().out)


def test_a_worse_version_is_ended_with_its_own_exit_status(
    registry: Registry, pod: tuple[Pod, str], capfd: pytest.CaptureFixture[str]
) -> None:
    speaking, url = pod
    speaking.empty_of_ten = 6
    assert main(["models", "rollout", speaking.candidate, "--pods", url, *FAST]) == 3
    said = capfd.readouterr().out
    assert "rollout ended at step 1, 5%: empty 60%" in said
    assert registry.tags(speaking.candidate)["stage"] == "candidate"
    assert registry.tags(speaking.production)["stage"] == "production"
    assert main(["models", "rollout", speaking.candidate, "--pods", url, *FAST]) == 1
    assert "was ended before" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "either --prometheus URL or --pods URL,URL"),
        (["--pods", "http://a", "--prometheus", "http://b"], "either --prometheus URL or --pods URL,URL"),
        (["--pods", "http://a", "--steps", "5%"], "the last step is production, 100%"),
        (["--pods", "http://a", "--hold", "long"], "--hold long"),
        (["--pods", "http://a", "--budget", "speed=5%"], "there is no figure 'speed'"),
    ],
)
def test_options_that_cannot_be_are_one_sentence(
    registry: Registry, capfd: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    production, candidate = registry.publish(0.3), registry.publish(0.1)
    assert main(["models", "promote", production, "--reason", "first"]) == 0
    assert main(["models", "rollout", candidate, "--reason", "r", *options]) == 1
    assert said in capfd.readouterr().err
    assert registry.tags(candidate) == {"stage": "candidate"}


def test_without_a_version_in_production_there_is_nothing_to_hold_it_against(
    registry: Registry, capfd: pytest.CaptureFixture[str]
) -> None:
    version = registry.publish(0.3)
    assert main(["models", "rollout", version, "--reason", "r", "--pods", "http://a"]) == 1
    assert "nothing is in production yet" in capfd.readouterr().err
