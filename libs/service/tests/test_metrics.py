"""Metrics are served until closed, a port in use is named, and no client holds a thread of theirs."""

import pytest
from carabin.service.errors import PortTaken
from carabin.service.metrics import serve
from carabin.service.testing.slow_client import is_let_go
from prometheus_client import CollectorRegistry, Gauge
from urllib3 import PoolManager


def test_metrics_are_served_until_closed() -> None:
    registry = CollectorRegistry()
    Gauge("carabin_sample", "A sample.", registry=registry).set(3)
    server = serve(0, "127.0.0.1", registry)
    try:
        with PoolManager() as http:
            text = http.request("GET", f"http://127.0.0.1:{server.port}/metrics").data.decode()
        assert "carabin_sample 3.0" in text
        with pytest.raises(PortTaken, match=f"metrics port {server.port} on 127"):
            serve(server.port, "127.0.0.1", registry)
    finally:
        server.close()
    again = serve(server.port, "127.0.0.1", registry)
    again.close()


def test_a_client_that_never_sends_its_request_is_let_go_in_silence(capfd: pytest.CaptureFixture[str]) -> None:
    registry = CollectorRegistry()
    Gauge("carabin_sample", "A sample.", registry=registry).set(3)
    server = serve(0, "127.0.0.1", registry, header_timeout_s=1.0)
    try:
        assert is_let_go(server.port)
        assert is_let_go(server.port, drip=b"GET /metrics HTTP/1.1\r\nX-Slow: a")
        with PoolManager() as http:
            assert "carabin_sample 3.0" in http.request("GET", f"http://127.0.0.1:{server.port}/metrics").data.decode()
    finally:
        server.close()
    assert capfd.readouterr() == ("", "")
