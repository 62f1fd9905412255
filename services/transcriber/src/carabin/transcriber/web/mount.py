"""Puts the page, its data, and corrections into an application."""

from collections.abc import Callable, Sequence

from carabin.registry.connect import connect
from carabin.registry.store import ObjectStore
from carabin.service.access.identity import Authenticator
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from ..corrections.errors import CorrectionsMisconfigured
from ..corrections.metrics import CorrectionMetrics
from ..corrections.policy import correction_policy
from ..corrections.routes import add_correction_routes
from ..corrections.store import CorrectionStore
from ..settings.web import WebSettings
from .access import PageAccess
from .autotexts import AutoText, load_autotexts
from .options import add_options
from .pages import add_pages, security_headers


def mount_web(
    app: FastAPI,
    *,
    settings: WebSettings | None = None,
    vocabularies: Callable[[], Sequence[str]] = tuple,
    models: Sequence[str] = (),
    authenticator: Authenticator | None = None,
    origins: Sequence[str] = (),
    store: ObjectStore | None = None,
    registry: CollectorRegistry | None = None,
) -> None:
    """Serve the page at `/`, its files under `/web/`, and corrections where the site keeps them.

    Args:
        settings: by default those of the environment.
        vocabularies: returns the names that the page offers; asked anew each time the page is opened.
        models: names of the models that are served, the default first; where there are several, the page offers them.
        authenticator: says who asks; the page's files are for everybody, all else for whoever may dictate.
        origins: pages beside our own that may dictate and send corrections.
        store: where corrections go; by default the store of the environment.
        registry: of the service's metrics; corrections are counted there.

    Raises:
        AutoTextInvalid: a file in the folder of auto-texts cannot be one.
        CorrectionsMisconfigured: corrections are kept without a salt, or from people who need no credential.
    """
    settings = settings or WebSettings.load()
    headers = security_headers(settings.parent_list())
    add_options(
        app,
        settings,
        access=PageAccess(authenticator, origins),
        autotexts=_autotexts(settings),
        vocabularies=vocabularies,
        models=models,
        headers=headers,
    )
    add_pages(app, headers)
    policy = correction_policy(settings)
    if policy.retention != "none":
        if authenticator is None or not authenticator.required:
            raise CorrectionsMisconfigured(
                "corrections are kept and nobody has to say who they are, so anybody could delete everybody's: "
                "set CARABIN_TRANSCRIBER_API_KEYS or _OIDC_ISSUER, or CARABIN_TRANSCRIBER_CORRECTIONS=none"
            )
        corrections = CorrectionStore(store or connect(), policy)
        metrics = CorrectionMetrics(registry) if registry else None
        add_correction_routes(app, corrections, authenticator, origins, metrics)


def _autotexts(settings: WebSettings) -> dict[str, AutoText]:
    services = [name.strip() for name in settings.autotext_services.split(",") if name.strip()]
    return load_autotexts(settings.autotext_dir, services or None)
