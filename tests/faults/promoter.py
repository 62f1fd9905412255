"""Commands that change what serves, as processes forked from one that has imported them, on small registries."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from carabin.registry.artifacts.manifest import ModelFormat
from carabin.registry.artifacts.publish import publish_model
from carabin.registry.s3_store import MinioStore
from carabin.registry.settings import StoreSettings
from carabin.registry.stages.apply import repair
from carabin.registry.stages.assign import set_stage
from carabin.registry.stages.log import Stage
from carabin.registry.stages.promote import promote
from carabin.registry.stages.promotions import read_head, read_log
from carabin.registry.stages.read import read_decision

from .conftest import as_role
from .forked import Ended, ForkServer, fork_server

FORMAT = ModelFormat(quantization="float16", n_mels=80, n_languages=99, vocabulary_size=51865, ctranslate2="4.8.5")
PROGRAM = "carabin"
IMPORTED = ("carabin.cli.main", "carabin.cli.commands.models", "carabin.registry.connect", "minio", "encodings.idna")


@dataclass(frozen=True)
class Roles:
    """Which versions production, canary and shadow have, by their place in the registry; None where there is none."""

    production: int | None
    canary: int | None = None
    shadow: int | None = None


@dataclass(frozen=True)
class ServingChange:
    """A command, and what serves before and after it. `{2}` in an argument stands for the version at that place."""

    arguments: tuple[str, ...]
    before: Roles
    after: Roles


CHANGES = {
    "promote": ServingChange(("promote", "{2}"), Roles(1, canary=2), Roles(2)),
    "rollback": ServingChange(("rollback",), Roles(1, canary=2), Roles(0, canary=2)),
    "canary": ServingChange(("stage", "{3}", "canary", "--share", "0.1"), Roles(1, canary=2), Roles(1, canary=3)),
    "shadow": ServingChange(("stage", "{3}", "shadow"), Roles(1, shadow=2), Roles(1, shadow=3)),
    "end": ServingChange(("stage", "{2}", "candidate"), Roles(1, canary=2), Roles(1)),
}
"""In each of them the versions 0 and 1 were promoted in turn, and 2 is on trial."""


class Registry:
    """Some versions of one model of its own, as an administrator sees them."""

    def __init__(self, settings: StoreSettings, files: Path, count: int) -> None:
        self.settings, self.store, self.bucket = settings, MinioStore(settings), settings.models_bucket
        self.model = f"m-{uuid.uuid4().hex[:8]}"
        files.mkdir()
        (files / "model.bin").write_bytes(b"weights" * 50)
        first = datetime.now(UTC) - timedelta(days=1)
        self.versions = [
            publish_model(
                self.store, self.bucket, self.model, files, first + timedelta(hours=number), format=FORMAT
            ).version
            for number in range(count)
        ]

    def promote(self, number: int) -> None:
        version = self.versions[number]
        promote(self.store, self.bucket, self.model, version, by="test", reason="before", at=datetime.now(UTC))

    def stage(self, number: int, stage: Stage, share: float | None = None) -> None:
        version, now = self.versions[number], datetime.now(UTC)
        set_stage(
            self.store, self.bucket, self.model, version, stage, by="test", reason="before", at=now, share=share
        )  # fmt: skip

    def serving(self) -> Roles:
        decision = read_decision(self.store, self.bucket, self.model)
        canary = decision.canary.version if decision.canary else None
        return Roles(*(self._place(version) for version in (decision.version, canary, decision.shadow)))

    def recorded(self) -> int | None:
        head = read_head(self.store, self.bucket, self.model)
        return self._place(head.version) if head else None

    def repair(self) -> None:
        """Repair what was cut off; then log and tags must agree, and nothing may be left to repair."""
        repair(self.store, self.bucket, self.model)
        assert repair(self.store, self.bucket, self.model) is None
        assert read_decision(self.store, self.bucket, self.model).problems == ()
        assert self.serving().production == self.recorded()
        numbers = [record.number for record in read_log(self.store, self.bucket, self.model)]
        assert numbers == list(range(1, len(numbers) + 1))

    def _place(self, version: str | None) -> int | None:
        return None if version is None else self.versions.index(version)


def registry_before(change: ServingChange, settings: StoreSettings, files: Path) -> Registry:
    """Make the registry that a change finds."""
    registry = Registry(settings, files, 4)
    registry.promote(0)
    registry.promote(1)
    if change.before.canary is not None:
        registry.stage(change.before.canary, "canary", 0.5)
    if change.before.shadow is not None:
        registry.stage(change.before.shadow, "shadow")
    assert registry.serving() == change.before
    return registry


class Promoter:
    """Runs `carabin models` with the promoter's own key."""

    def __init__(self, server: ForkServer, settings: StoreSettings) -> None:
        self.server, self.settings = server, settings

    def start(
        self, registry: Registry, arguments: tuple[str, ...], folder: Path, at: int | None = None, fault: str = "",
        *, log: Path | None = None, endpoint: str | None = None,
    ) -> None:  # fmt: skip
        """Start one command; with `fault`, it happens at step `at`."""
        environment = as_role(self.settings, "promoter")
        if endpoint is not None:
            environment["CARABIN_STORE_ENDPOINT"] = endpoint
        words = [word.format(*registry.versions) for word in arguments]
        self.server.start(
            "carabin.cli", "models", *words, "--model", registry.model, "--reason", "test",
            folder=folder, environment=environment, at=at, fault=fault, log=log,
        )  # fmt: skip

    def run(
        self, registry: Registry, arguments: tuple[str, ...], folder: Path, at: int | None = None, fault: str = "",
        *, log: Path | None = None, endpoint: str | None = None,
    ) -> Ended:  # fmt: skip
        """Run one command to its end."""
        self.start(registry, arguments, folder, at, fault, log=log, endpoint=endpoint)
        return self.server.wait()


@contextmanager
def promoters(settings: StoreSettings, folder: Path) -> Iterator[Promoter]:
    """Keep the process from which the commands are forked for as long as the block lasts."""
    with fork_server(folder, IMPORTED) as server:
        yield Promoter(server, settings)
