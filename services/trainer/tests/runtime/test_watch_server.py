"""WatchRun before a real client: open to this machine, to a network with a key alone, and over TLS where it is set."""

from pathlib import Path

import pytest
from carabin.service.access.settings import AccessSettings
from carabin.service.errors import InsecureListening
from carabin.service.testing.certificates import write_certificate
from carabin.trainer.errors import WatchFailed
from carabin.trainer.runtime.progress import Progress
from carabin.trainer.runtime.watch_client import follow
from carabin.trainer.runtime.watch_server import WatchRun, serve
from carabin.trainer.settings import TrainerSettings

KEY = "correct-horse-battery"


def ignore(_: object) -> None:
    """Take an event and do nothing."""


def test_a_run_is_followed_with_its_key_over_tls_alone(tmp_path: Path) -> None:
    cert, key = write_certificate(tmp_path)
    settings = TrainerSettings.load(dataset="d", api_keys=f"ward:{KEY}", tls_cert=cert, tls_key=key)
    watch = WatchRun()
    server = serve(watch, 0, settings)
    address = f"127.0.0.1:{server.port}"
    try:
        Progress("r", (watch.publish,)).end("run r is finished", {"wer": 0.25})
        assert follow("r", address, ignore, token=KEY, authority=cert).text == "run r is finished"
        for token in (None, "wrong"):
            with pytest.raises(WatchFailed, match=r"token is needed|not known"):
                follow("r", address, ignore, token=token, authority=cert)
        with pytest.raises(WatchFailed, match=r"absent\.pem"):
            follow("r", address, ignore, token=KEY, authority=tmp_path / "absent.pem")
    finally:
        server.stop(0.0)


def test_a_network_cannot_follow_a_run_without_a_key() -> None:
    with pytest.raises(InsecureListening, match="CARABIN_TRAINER_API_KEYS"):
        serve(WatchRun(), 0, TrainerSettings.load(dataset="d", host="0.0.0.0"))
    assert TrainerSettings.load(dataset="d").host == AccessSettings().host == "127.0.0.1"
