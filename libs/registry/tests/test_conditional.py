"""An answer lost on the way is neither a lost race nor a won one: what lies in the store says which."""

import contextlib
import http.client
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from carabin.registry.conditional import ATTEMPTS, until_answered
from carabin.registry.errors import PreconditionFailed, StoreUnreachable
from carabin.registry.s3_store import MinioStore
from carabin.registry.settings import StoreSettings
from carabin.registry.stages.promote import promote
from carabin.registry.stages.promotions import read_log
from carabin.registry.stages.read import read_decision

from .helpers.versions import NAME, NOW, publish


class LossyProxy(ThreadingHTTPServer):
    """Passes requests on to a real store, and loses the answer to the next `lose` conditional writes."""

    def __init__(self, store: str) -> None:
        super().__init__(("127.0.0.1", 0), LossyHandler)
        self.store, self.lose, self.fail, self.lost = store, 0, 0, 0

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is not an error."""


class LossyHandler(BaseHTTPRequestHandler):
    """One connection; its answers are the store's own."""

    server: LossyProxy
    protocol_version = "HTTP/1.1"

    def pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        conditional = self.command == "PUT" and ("If-None-Match" in self.headers or "If-Match" in self.headers)
        store = http.client.HTTPConnection(self.server.store)
        # The signature covers Host as the client wrote it.
        store.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            store.putheader(name, value)
        store.endheaders(body)
        with contextlib.closing(store), store.getresponse() as answer:
            data, status, headers = answer.read(), answer.status, answer.getheaders()
        if conditional and self.server.lose:
            self.server.lose -= 1
            self.server.lost += 1
            self.close_connection = True
            if self.server.fail:
                self.send_error(503)
            return
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("transfer-encoding", "connection"):
                self.send_header(name, value)
        if "content-length" not in (name.lower() for name, _ in headers):
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = pass_on  # noqa: N815 - the standard library's spelling

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def proxy(s3_settings: StoreSettings) -> Iterator[LossyProxy]:
    with LossyProxy(s3_settings.endpoint) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def behind(proxy: LossyProxy, s3_settings: StoreSettings) -> MinioStore:
    """A client whose answers may be lost."""
    return MinioStore(s3_settings.model_copy(update={"endpoint": f"127.0.0.1:{proxy.server_port}"}))


@pytest.mark.parametrize("fail", [0, 1], ids=["hung up", "503 from a balancer"])
def test_a_write_of_ours_whose_answer_was_lost_is_known_as_ours(
    proxy: LossyProxy, behind: MinioStore, s3_bucket: str, fail: int
) -> None:
    proxy.lose, proxy.fail = 1, fail
    behind.create(s3_bucket, "lease", b"first", {"stage": "candidate"})
    assert proxy.lost == 1
    assert behind.get_tags(s3_bucket, "lease") == {"stage": "candidate"}
    proxy.lose = 1
    behind.replace(s3_bucket, "lease", b"second", behind.stat(s3_bucket, "lease").etag)
    assert proxy.lost == 2
    assert behind.get(s3_bucket, "lease") == b"second"


def test_somebody_elses_write_is_not_taken_for_ours_after_a_lost_answer(
    proxy: LossyProxy, behind: MinioStore, s3_store: MinioStore, s3_bucket: str
) -> None:
    s3_store.create(s3_bucket, "lease", b"theirs")
    proxy.lose = 1
    with pytest.raises(PreconditionFailed):
        behind.create(s3_bucket, "lease", b"ours")
    proxy.lose = 1
    with pytest.raises(PreconditionFailed):
        behind.replace(s3_bucket, "lease", b"ours", "0" * 32)
    assert proxy.lost == 2
    assert s3_store.get(s3_bucket, "lease") == b"theirs"


def test_the_same_bytes_of_somebody_else_are_refused_where_no_answer_was_lost(
    behind: MinioStore, s3_bucket: str
) -> None:
    behind.create(s3_bucket, "lease", b"same")
    with pytest.raises(PreconditionFailed):
        behind.create(s3_bucket, "lease", b"same")


def test_a_promotion_whose_answers_are_lost_is_one_promotion(
    proxy: LossyProxy, behind: MinioStore, s3_bucket: str, tmp_path: Path
) -> None:
    proxy.lose = 1
    first = publish(behind, s3_bucket, tmp_path, "a")
    second = publish(behind, s3_bucket, tmp_path, "b", after=timedelta(hours=1))
    records = []
    for version in (first, second):
        proxy.lose = 1
        records.append(promote(behind, s3_bucket, NAME, version, by="a", reason="r", at=NOW))
    assert proxy.lost == 3
    assert read_log(behind, s3_bucket, NAME) == records
    assert read_decision(behind, s3_bucket, NAME).version == second


def test_a_store_that_never_answers_is_asked_a_few_times_with_growing_pauses() -> None:
    asked: list[int] = []
    pauses: list[float] = []

    def write() -> None:
        asked.append(1)
        raise StoreUnreachable("no answer")

    with pytest.raises(StoreUnreachable):
        until_answered(write, lambda: True, pauses.append)
    assert len(asked) == ATTEMPTS
    assert pauses == [0.2, 0.4]
