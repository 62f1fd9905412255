"""The note that a running embedded store leaves in the data folder."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from carabin.registry.embedded.state import alive_lock
from carabin.registry.settings import state_path


@contextmanager
def noted() -> Iterator[None]:
    """The note of an embedded store that runs, and the lock it holds."""
    state_path().parent.mkdir()
    state = {"endpoint": "127.0.0.1:20001", "access_key": "carabin", "secret_key": "noted", "secure": False, "pid": 1}
    state_path().write_text(json.dumps(state))
    with alive_lock(state_path().parent):
        yield
