"""What a gateway passes on: each path that a client or the page asks for, and no probe, no metric, no reflection."""

import pytest
import yaml
from carabin.transcriber.grpc_api.server import NAME
from carabin.transcriber.http.app import create_app, make_parts
from carabin.transcriber.settings.server import ServerSettings
from carabin.transcriber.testing.transcriber import FakeTranscriber
from fastapi.routing import APIRoute
from prometheus_client import CollectorRegistry
from starlette.routing import Mount

from .render import ROOT, Manifest

OURS_ALONE = {"/livez", "/readyz", "/metrics"}
Rule = tuple[str, str]
"""(Exact or Prefix, path)"""


def served() -> set[str]:
    """Return every HTTP path of the transcriber; metrics stand there as they do by default."""
    app = create_app(make_parts(FakeTranscriber(), ServerSettings(), CollectorRegistry()))
    return {route.path for route in app.routes if isinstance(route, APIRoute | Mount)}


def passes(rules: set[Rule], path: str) -> bool:
    return any(path == value if kind == "Exact" else f"{path}/".startswith(f"{value}/") for kind, value in rules)


def gateway_rules() -> tuple[set[Rule], set[str]]:
    """Return the paths of the HTTPRoute, and the services of the GRPCRoute."""
    http, rpc = yaml.safe_load_all((ROOT / "k8s/components/gateway/routes.yaml").read_text())
    paths = [match["path"] for rule in http["spec"]["rules"] for match in rule["matches"]]
    named = {match["method"]["service"] for rule in rpc["spec"]["rules"] for match in rule["matches"]}
    return {(path["type"].removeprefix("Path"), path["value"]) for path in paths}, named


def ingress() -> Manifest:
    manifest: Manifest = yaml.safe_load((ROOT / "k8s/components/ingress/ingress.yaml").read_text())
    return manifest


def ingress_rules() -> set[Rule]:
    return {(path["pathType"], path["path"]) for rule in ingress()["spec"]["rules"] for path in rule["http"]["paths"]}


@pytest.mark.parametrize("rules", [gateway_rules()[0], ingress_rules()], ids=["gateway", "ingress"])
def test_every_path_but_probes_and_metrics_is_passed_on(rules: set[Rule]) -> None:
    paths = served()
    assert OURS_ALONE | {"/", "/v1/audio/transcriptions"} <= paths
    assert {path for path in paths if passes(rules, path)} == paths - OURS_ALONE


def test_over_grpc_dictation_and_health_are_passed_on_and_reflection_is_not() -> None:
    assert gateway_rules()[1] == {NAME, "grpc.health.v1.Health"}


@pytest.mark.parametrize("direction", ["proxy-buffering", "proxy-request-buffering"])
def test_nginx_keeps_no_dictation_on_its_disk_in_either_direction(direction: str) -> None:
    assert ingress()["metadata"]["annotations"][f"nginx.ingress.kubernetes.io/{direction}"] == "off"


def test_no_route_leads_to_the_port_of_metrics(rendered: dict[str, list[Manifest]]) -> None:
    for manifest in rendered["gpu"]:
        if manifest["kind"] in ("HTTPRoute", "GRPCRoute"):
            ports = {backend["port"] for rule in manifest["spec"]["rules"] for backend in rule["backendRefs"]}
            assert ports <= {9090, 9091}, manifest["kind"]
