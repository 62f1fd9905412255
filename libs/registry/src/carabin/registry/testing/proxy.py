"""An HTTP proxy before a real store that cuts, delays, corrupts and refuses, request by request."""

import http.client
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR

TIMEOUT_S = 60.0
LATE_S = 3.0
"""How late a delayed request is: longer than what a service waits between two looks in the tests."""
_HOP_BY_HOP = frozenset({"connection", "transfer-encoding", "content-length", "keep-alive", "server"})


class Fault(Enum):
    """What happens to one request."""

    REFUSE = "the connection closes before the request reaches the store"
    LOSE_ANSWER = "the store does what was asked, and the connection closes before its answer"
    CUT_BODY = "the connection closes in the middle of the answer's body"
    CORRUPT = "bytes in the middle of the answer's body are changed"
    CUT_TEXT = "half of the answer's body is missing, and its length says the same"
    UNAVAILABLE = "503 SlowDown, without reaching the store"
    DENY = "403 AccessDenied, without reaching the store"
    SKEWED = "403 RequestTimeTooSkewed, as a store answers a client whose clock is wrong"
    FULL = "507 of a store whose disk is full, without reaching it"
    DELAY = "the request reaches the store `LATE_S` after it was sent"


_ANSWERS = {
    Fault.UNAVAILABLE: (503, "SlowDown", "Please reduce your request rate."),
    Fault.DENY: (403, "AccessDenied", "Access Denied."),
    Fault.SKEWED: (
        403,
        "RequestTimeTooSkewed",
        "The difference between the request time and the server's is too large.",
    ),
    Fault.FULL: (507, "XMinioStorageFull", "Storage backend has reached its minimum free drive threshold."),
}


@dataclass(frozen=True, slots=True)
class ProxiedRequest:
    """One request as it came; `number` counts from 0."""

    number: int
    method: str
    path: str

    @property
    def writes(self) -> bool:
        """Whether the request changes the store."""
        return self.method in ("PUT", "POST", "DELETE")


Plan = Callable[[ProxiedRequest], Fault | None]
"""Says what happens to a request; called under a lock, in the order of arrival."""


def no_fault(_: ProxiedRequest) -> Fault | None:
    """The plan of a sound network."""
    return None


class StoreProxy:
    """Passes requests on to the store at `upstream` (host:port, plain HTTP), except where `plan` says otherwise.

    Signatures stay valid, because a request is passed on as it came, with its Host header.
    """

    def __init__(self, upstream: str, plan: Plan = no_fault) -> None:
        self.upstream = upstream
        self.plan = plan
        self.requests: list[ProxiedRequest] = []
        self.delay_s = 0.0
        """Waited before each request is passed on."""
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True

    @property
    def endpoint(self) -> str:
        """Where it listens, as `CARABIN_STORE_ENDPOINT` wants it."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    @contextmanager
    def running(self) -> Iterator["StoreProxy"]:
        """Serve for as long as the block lasts."""
        with ThreadPoolExecutor(1, thread_name_prefix="store-proxy") as pool:
            serving = pool.submit(self._server.serve_forever, poll_interval=0.05)
            try:
                yield self
            finally:
                self._stopping.set()
                self._server.shutdown()
                self._server.server_close()
            serving.result()

    def decide(self, method: str, path: str) -> Fault | None:
        """Number a request and return its fault."""
        with self._lock:
            request = ProxiedRequest(len(self.requests), method, path)
            self.requests.append(request)
            return self.plan(request)

    def wait_delay(self, more_s: float = 0.0) -> None:
        """Wait for the delay that a test has set, and `more_s`, unless the proxy stops."""
        if delay_s := self.delay_s + more_s:
            self._stopping.wait(delay_s)


def _handler(proxy: StoreProxy) -> type[BaseHTTPRequestHandler]:
    class ProxyHandler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            fault = proxy.decide(self.command, self.path)
            proxy.wait_delay(LATE_S if fault is Fault.DELAY else 0.0)
            if fault is Fault.REFUSE:
                self._cut()
            elif fault in _ANSWERS:
                self._answer_error(*_ANSWERS[fault])
            else:
                self._pass_on(body, fault)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _serve  # noqa: N815 (names of the base class's protocol)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (likewise)
            """Keep standard error for the tests."""

        def _pass_on(self, body: bytes, fault: Fault | None) -> None:
            upstream = http.client.HTTPConnection(proxy.upstream, timeout=TIMEOUT_S)
            try:
                upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    upstream.putheader(name, value)
                upstream.endheaders(body)
                answer = upstream.getresponse()
                content = answer.read()
            except (OSError, http.client.HTTPException):
                self._cut()
                return
            finally:
                upstream.close()
            if fault is Fault.LOSE_ANSWER:
                self._cut()
                return
            if fault is Fault.CORRUPT and content:
                middle = len(content) // 2
                content = content[:middle] + bytes([content[middle] ^ 0x55]) + content[middle + 1 :]
            if fault is Fault.CUT_TEXT:
                content = content[: len(content) // 2]
            self._send(answer, content, whole=fault is not Fault.CUT_BODY)

        def _send(self, answer: http.client.HTTPResponse, content: bytes, *, whole: bool) -> None:
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _HOP_BY_HOP:
                    self.send_header(name, value)
            length = answer.getheader("Content-Length", "0") if self.command == "HEAD" else str(len(content))
            if answer.status != 204:
                self.send_header("Content-Length", length)
            self.end_headers()
            try:
                self.wfile.write(content if whole else content[: len(content) // 2])
            except OSError:
                whole = False
            if not whole:
                self._cut()

        def _answer_error(self, status: int, code: str, message: str) -> None:
            text = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
            self.send_response_only(status)
            self.send_header("Content-Type", "application/xml")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(text)

        def _cut(self) -> None:
            self.close_connection = True
            try:
                self.wfile.flush()
                self.connection.shutdown(SHUT_RDWR)
            except OSError:
                return

    return ProxyHandler
