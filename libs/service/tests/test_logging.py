"""Each event is one line that a machine or a person can read."""

import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator

import pytest
from carabin.service.logging import configure_logging
from urllib3 import PoolManager, Retry
from urllib3.exceptions import MaxRetryError

log = logging.getLogger("carabin.tests.sample")


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(False)
    logging.getLogger("urllib3.connectionpool").setLevel(logging.NOTSET)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_of_json_carries_the_event_and_its_fields() -> None:
    stream = io.StringIO()
    configure_logging("exporter", stream=stream)
    log.info("version %s is loaded", "v1", extra={"event": "model_loaded", "load_s": 1.5, "version": "v1"})
    line = json.loads(stream.getvalue())
    assert line["time"].endswith("+00:00")
    del line["time"]
    assert line == {
        "level": "info",
        "service": "exporter",
        "logger": "carabin.tests.sample",
        "event": "model_loaded",
        "message": "version v1 is loaded",
        "load_s": 1.5,
        "version": "v1",
    }


def test_an_exception_stays_on_its_line() -> None:
    stream = io.StringIO()
    configure_logging("exporter", stream=stream)
    try:
        raise ValueError("broken\nweights")
    except ValueError:
        log.exception("conversion failed")
    (line,) = stream.getvalue().splitlines()
    assert "ValueError: broken" in json.loads(line)["error"]


def test_a_terminal_gets_a_line_for_people() -> None:
    stream = Terminal()
    configure_logging("exporter", stream=stream)
    log.warning("the store is away", extra={"event": "store_away", "retry_s": 4})
    assert stream.getvalue().endswith(" WARNING store_away: the store is away (retry_s=4)\n")


def test_the_level_is_kept_and_a_second_call_replaces_the_first() -> None:
    first, second = io.StringIO(), io.StringIO()
    configure_logging("exporter", stream=first)
    configure_logging("exporter", level="warning", stream=second)
    log.info("not this")
    log.error("this, héhé")
    assert first.getvalue() == ""
    assert json.loads(second.getvalue())["message"] == "this, héhé"


def test_a_librarys_thread_that_dies_is_a_line_without_what_it_raised() -> None:
    stream = io.StringIO()
    configure_logging("exporter", stream=stream)

    def die() -> None:
        raise OSError("le patient Dupont")

    for target in (die, sys.exit):
        thread = threading.Thread(target=target, name="writer")
        thread.start()
        thread.join()
    (line,) = stream.getvalue().splitlines()
    said = json.loads(line)
    assert (said["event"], said["thread_name"], said["error"]) == ("thread_died", "writer", "OSError")
    assert "Dupont" not in line


def test_warnings_become_log_lines() -> None:
    stream = io.StringIO()
    configure_logging("exporter", stream=stream)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning("old option", UserWarning, "file.py", 1)
    assert "old option" in json.loads(stream.getvalue())["message"]


@pytest.mark.parametrize(("level", "lines"), [("INFO", 0), ("WARNING", 0), ("DEBUG", 2)])
def test_tries_of_a_client_that_tries_again_are_logged_only_at_debug_level(level: str, lines: int) -> None:
    stream = io.StringIO()
    configure_logging("exporter", level, stream)
    with pytest.raises(MaxRetryError):
        PoolManager(retries=Retry(total=2, backoff_factor=0)).request("GET", "http://127.0.0.1:9/")
    assert sum("Retrying" in line for line in stream.getvalue().splitlines()) == lines
