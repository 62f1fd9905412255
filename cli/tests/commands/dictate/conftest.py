"""A terminal whose far end a test holds."""

import os
import pty
import sys

import pytest


@pytest.fixture
def terminal(monkeypatch):
    """The far end of a terminal that is standard input."""
    far, near = pty.openpty()
    with os.fdopen(near, "r", closefd=True) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield far
    os.close(far)
