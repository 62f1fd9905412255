"""What every test shares: settings of hypothesis, and a machine on which nothing of Carabin is configured."""

import atexit
import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator

import pytest
from carabin.service import logging as service_logging
from hypothesis import HealthCheck, settings

# Machines are shared and noisy: a slow example says nothing about the code.
settings.register_profile("carabin", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("carabin")

# A store, a service or keys of whoever runs the tests are neither used nor changed; CARABIN_TEST_* is meant for tests.
for name in [name for name in os.environ if name.startswith("CARABIN_") and not name.startswith("CARABIN_TEST_")]:
    del os.environ[name]
DATA = tempfile.mkdtemp(prefix="carabin-tests-")
os.environ["CARABIN_DATA_DIR"] = DATA
atexit.register(shutil.rmtree, DATA, ignore_errors=True)


@pytest.fixture(autouse=True)
def no_bound_log_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test log with the trace of one that ran before."""
    monkeypatch.setattr(service_logging, "_PROCESS", {})
    service_logging._BOUND.set({})


@pytest.fixture(autouse=True)
def threads_that_die_fail_their_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give pytest its hook back after a test that sets up a service's log: that takes threads' deaths too."""
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)


@pytest.fixture(autouse=True)
def no_log_to_a_closed_stream() -> Iterator[None]:
    """Take away the log of a test that starts a service as a command: its stream is the one of this test alone."""
    before = list(logging.root.handlers)
    yield
    for handler in list(logging.root.handlers):
        if type(handler) is logging.StreamHandler and handler not in before:
            logging.root.removeHandler(handler)
