"""The slow client says whether a server held its connection."""

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
from carabin.service.testing.slow_client import is_let_go


@pytest.mark.parametrize("drip", [None, b"GET / HTTP/1.1\r\nX: a"], ids=["silent", "byte by byte"])
def test_a_connection_is_let_go_or_held(drip: bytes | None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:
        port = server.getsockname()[1]
        ended = pool.submit(lambda: server.accept()[0].close())
        assert is_let_go(port, drip=drip)
        ended.result()
        assert not is_let_go(port, drip=drip, patience_s=0.5)
