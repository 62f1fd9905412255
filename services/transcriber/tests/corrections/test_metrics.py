"""Corrections are counted by version, and clients cannot invent versions."""

from carabin.registry.testing.memory import MemoryStore
from carabin.service.access.identity import StaticKeys
from carabin.transcriber.corrections.metrics import CorrectionMetrics
from carabin.transcriber.metrics import Metrics
from carabin.transcriber.settings.web import WebSettings
from carabin.transcriber.version_series import KEPT_VERSIONS
from carabin.transcriber.web import mount_web
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr

KEY = "k" * 20
SERIES = "carabin_transcriber_version_corrections_total"


def test_a_correction_is_counted_for_its_version_if_that_wrote_here() -> None:
    metrics, app = Metrics(), FastAPI()
    settings = WebSettings(corrections="text", corrections_salt=SecretStr("a salt that is long enough"))
    authenticator = StaticKeys([("dr.martin", KEY)])
    mount_web(app, settings=settings, authenticator=authenticator, store=MemoryStore(), registry=metrics.registry)
    metrics.utterance_decoded("written-here", "text", attempts=1)
    body = {"session": "s", "utterance": 0, "raw": " a", "corrected": "b", "consent": True}
    client = TestClient(app)
    for version in ("written-here", "invented by a client"):
        answer = client.post(
            "/v1/corrections", json=body | {"model_version": version}, headers={"Authorization": f"Bearer {KEY}"}
        )
        assert answer.status_code == 201
    assert metrics.registry.get_sample_value(SERIES, {"version": "written-here"}) == 1
    assert metrics.registry.get_sample_value(SERIES, {"version": "invented by a client"}) is None


def test_versions_that_left_long_ago_are_named_no_more() -> None:
    metrics = Metrics()
    corrections = CorrectionMetrics(metrics.registry)
    for number in range(100):
        metrics.model_in_use("whisper", "production", f"v{number}")
        metrics.utterance_decoded(f"v{number}", "text", attempts=1)
        corrections.kept(f"v{number}")
    named = [
        sample.labels["version"]
        for metric in metrics.registry.collect()
        for sample in metric.samples
        if sample.name == SERIES
    ]
    assert named == [f"v{number}" for number in range(99 - KEPT_VERSIONS, 100)]
