"""Series come from transcribers or from Prometheus, and what does not answer is named."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

import pytest
from carabin.cli.commands.models.rollout.figures import Bounds, totals_by_pod
from carabin.cli.commands.models.rollout.source import FiguresUnavailable, pods_source, prometheus_source
from carabin.transcriber.metrics import Metrics
from prometheus_client import start_http_server

from .conftest import answering


@pytest.fixture
def transcriber() -> Iterator[tuple[Metrics, str]]:
    """A transcriber's own series, served as it serves them."""
    metrics = Metrics()
    server, thread = start_http_server(0, "127.0.0.1", registry=metrics.registry)
    yield metrics, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("path", ["", "/", "/metrics"])
def test_pods_are_read_one_by_one(transcriber: tuple[Metrics, str], path: str) -> None:
    metrics, url = transcriber
    metrics.utterance_decoded("v1", "empty", 2)
    metrics.utterance_decoded("v2", "text", 1)
    metrics.final_of_version("v1", 0.4, 0.9)
    samples = pods_source([url + path])(["v1"])
    assert {sample.labels["version"] for sample in samples} == {"v1"}
    [(key, totals)] = totals_by_pod(samples, ["v1"], Bounds(0.5, 0.6)).items()
    assert key == (f"{url}/metrics", "v1")
    assert (totals["empty"].bad, totals["retried"].bad, totals["slow"].finals) == (1, 1, 1)


def test_one_pod_that_does_not_answer_is_named(transcriber: tuple[Metrics, str]) -> None:
    read = pods_source([transcriber[1], "http://127.0.0.1:9"])
    with pytest.raises(FiguresUnavailable, match=r"127\.0\.0\.1:9 does not answer"):
        read(["v1"])


def test_prometheus_is_asked_for_the_series_of_both_versions_with_the_token() -> None:
    asked = {}

    def answer(request: BaseHTTPRequestHandler) -> tuple[int, bytes]:
        asked["query"] = parse_qs(urlsplit(request.path).query)["query"][0]
        asked["token"] = request.headers["Authorization"]
        metric = {"__name__": "carabin_transcriber_version_finals_total", "version": "v1", "outcome": "text"}
        series = [{"metric": metric | {"namespace": "carabin", "pod": pod}, "value": [0, "7"]} for pod in "ab"]
        body = {"status": "success", "data": {"resultType": "vector", "result": series}}
        return 200, json.dumps(body).encode()

    with answering(answer) as url:
        samples = prometheus_source(url, "secret")(["v1", "v2"])
    assert asked["token"] == "Bearer secret"
    assert 'version=~"v1|v2"' in asked["query"]
    assert [(sample.pod, sample.value) for sample in samples] == [("carabin/a", 7.0), ("carabin/b", 7.0)]


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (503, b"", "answers with HTTP 503"),
        (200, b'{"status": "error", "error": "query timed out"}', "answers: query timed out"),
        (200, b"<html>a login page</html>", "is no Prometheus"),
        (200, b'{"status": "success", "data": {"result": [{"metric": {}}]}}', "is no Prometheus"),
        (200, b"[]", "is no Prometheus"),
        (200, b"\xff", "does not answer"),
    ],
)
def test_a_broken_prometheus_is_one_sentence(status: int, body: bytes, said: str) -> None:
    with answering(lambda _: (status, body)) as url, pytest.raises(FiguresUnavailable, match=said):
        prometheus_source(url)(["v1"])


def test_what_is_no_metrics_page_is_named() -> None:
    with answering(lambda _: (200, b"carabin{ 1\n")) as url, pytest.raises(FiguresUnavailable, match="no metrics"):
        pods_source([url])(["v1"])


def test_an_address_without_a_scheme_is_named() -> None:
    with pytest.raises(FiguresUnavailable, match=r"prometheus:9090.* begins with http"):
        prometheus_source("prometheus:9090")(["v1"])
