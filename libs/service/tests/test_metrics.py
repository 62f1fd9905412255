"""Metrics are served until closed, and a port in use is named."""

import pytest
from carabin.service.errors import PortTaken
from carabin.service.metrics import serve
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
