"""Every check is run, and what raises is a finding too."""

import json
from collections.abc import Iterator

from carabin.registry.errors import StoreNotConfigured
from carabin.service.doctor.report import Checked, Health, has_failed, render, render_json, run_checks

FINE = Checked("port 1", Health.OK, "it is free")
BROKEN = Checked("disk", Health.FAILED, "it is full", "make room")


def raising() -> Iterator[Checked]:
    raise StoreNotConfigured("no object store is known")
    yield


def test_a_check_that_raises_does_not_stop_the_others() -> None:
    findings = run_checks([("store", raising), ("port", lambda: [FINE])])
    assert findings == [Checked("store", Health.FAILED, "no object store is known"), FINE]


def test_only_a_failure_fails() -> None:
    warned = Checked("space", Health.WARNING, "1 GB is free")
    skipped = Checked("GPU", Health.SKIPPED, "none")
    assert not has_failed([FINE, warned, skipped])
    assert has_failed([FINE, BROKEN])


def test_the_remedy_stands_below_the_finding() -> None:
    assert render([FINE, BROKEN]).splitlines() == [
        "ok       port 1: it is free",
        "failed   disk: it is full",
        "         -> make room",
    ]


def test_machines_get_json() -> None:
    assert json.loads(render_json([BROKEN])) == [
        {"name": "disk", "status": "failed", "sentence": "it is full", "remedy": "make room"}
    ]
