"""Every kustomization is rendered once a session."""

from pathlib import Path

import pytest
from carabin.registry.testing.fixtures import s3_environment, s3_settings

from .render import OVERLAYS, Manifest, render, renderer, tree_with_secrets

__all__ = ["s3_environment", "s3_settings"]


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of k8s/ with secrets."""
    if renderer() is None:
        pytest.skip("neither kubectl nor kustomize is on PATH: the manifests are not rendered")
    return tree_with_secrets(tmp_path_factory.mktemp("kustomize"))


@pytest.fixture(scope="session")
def rendered(tree: Path) -> dict[str, list[Manifest]]:
    """What each overlay sends to the cluster."""
    return {name: render(tree / "overlays" / name) for name in OVERLAYS}


@pytest.fixture(params=OVERLAYS)
def manifests(request: pytest.FixtureRequest, rendered: dict[str, list[Manifest]]) -> list[Manifest]:
    return rendered[request.param]
