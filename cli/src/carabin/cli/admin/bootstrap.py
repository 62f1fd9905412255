"""`python -m carabin.cli.admin.bootstrap`: the buckets, one user a service and what each may do, in any store.

Run by compose and Kubernetes with the store's admin key; it may run again at any time, also to change keys. Users and
policies go through MinIO's admin API; on another store `--buckets-only` makes the buckets, and its own tools the users.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol

import typer
from carabin.registry.connect import connect, store_settings
from carabin.registry.errors import CarabinError, StoreUnreachable
from carabin.registry.settings import StoreSettings
from carabin.registry.store import ObjectStore, require_conditional_writes
from carabin.service.output import never_lose_output
from minio.credentials.providers import StaticProvider
from minio.error import MinioAdminException
from minio.minioadmin import MinioAdmin
from urllib3.exceptions import HTTPError

USERS = ("exporter", "promoter", "trainer", "transcriber")
RETRY_S = 2.0

app = typer.Typer(pretty_exceptions_enable=False)


class BootstrapRefused(CarabinError):
    """A key or a policy is missing, or the store will not make users."""


@dataclass(frozen=True, slots=True)
class User:
    """Who a service is to the store; the name is also its policy's."""

    name: str
    access_key: str
    secret_key: str


class UserAdmin(Protocol):
    """Makes users; each call may be repeated and the last one counts."""

    def put_policy(self, name: str, document: str) -> None:
        """Write a policy, over what was there."""

    def put_user(self, access_key: str, secret_key: str) -> None:
        """Create a user, or give it this secret key."""

    def set_policy(self, access_key: str, policy: str) -> None:
        """Let this policy alone hold for the user."""


class MinioUsers:
    """MinIO's admin API, which its forks speak too."""

    def __init__(self, settings: StoreSettings) -> None:
        self._endpoint = settings.endpoint
        credentials = StaticProvider(settings.access_key, settings.secret_key.get_secret_value())
        self._admin = MinioAdmin(
            endpoint=settings.endpoint, credentials=credentials, secure=settings.secure, region=settings.region
        )

    def put_policy(self, name: str, document: str) -> None:
        self._call(f"policy {name}", lambda: self._admin.policy_add(name, policy=json.loads(document)))

    def put_user(self, access_key: str, secret_key: str) -> None:
        self._call(f"user {access_key}", lambda: self._admin.user_add(access_key, secret_key))

    def set_policy(self, access_key: str, policy: str) -> None:
        self._call(f"user {access_key}", lambda: self._admin.policy_set(policy, user=access_key))

    def _call(self, what: str, call: Callable[[], object]) -> None:
        try:
            call()
        except MinioAdminException as error:
            raise BootstrapRefused(
                f"{self._endpoint} did not make {what}: {error}; where the store has no MinIO admin API, "
                "run with --buckets-only and make the users with the store's own tools"
            ) from error
        except HTTPError as error:
            raise StoreUnreachable(f"{self._endpoint}: the object store does not answer: {error}") from error


def users_from(environment: Mapping[str, str]) -> list[User]:
    """Read each user's keys from `<USER>_CARABIN_STORE_ACCESS_KEY` and `_SECRET_KEY`.

    Raises:
        BootstrapRefused: one is missing or empty; the sentence names it.
    """

    def value(user: str, name: str) -> str:
        variable = f"{user.upper()}_CARABIN_STORE_{name}"
        if not environment.get(variable):
            raise BootstrapRefused(
                f"{variable} is not set: run `python3 scripts/make_secrets.py`, or set it in your vault"
            )
        return environment[variable]

    return [User(name, value(name, "ACCESS_KEY"), value(name, "SECRET_KEY")) for name in USERS]


def make_buckets(store: ObjectStore, settings: StoreSettings) -> Iterator[str]:
    """Make what is missing of the three buckets; refuse a store on which promotions could overwrite each other."""
    for bucket in (settings.datasets_bucket, settings.checkpoints_bucket, settings.models_bucket):
        store.ensure_bucket(bucket)
        yield f"bucket {bucket} is there"
    require_conditional_writes(store, settings.models_bucket)
    yield "conditional writes are honoured"


def make_users(admin: UserAdmin, users: list[User], policies: Path) -> Iterator[str]:
    """Give every user its key and its own policy, read from `<policies>/<user>.json`.

    Raises:
        BootstrapRefused: a policy's file is missing or no JSON, or the store refuses.
    """
    for user in users:
        path = policies / f"{user.name}.json"
        try:
            document = path.read_text(encoding="utf-8")
            json.loads(document)
        except (OSError, ValueError) as error:
            raise BootstrapRefused(f"{path} cannot be used as the policy of {user.name}: {error}") from error
        policy = f"carabin-{user.name}"
        admin.put_policy(policy, document)
        admin.put_user(user.access_key, user.secret_key)
        admin.set_policy(user.access_key, policy)
        yield f"user {user.access_key} has policy {policy}"


def patient(
    step: Callable[[], list[str]], wait_s: float, clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> list[str]:  # fmt: skip
    """Run `step` until the store answers, for at most `wait_s` seconds; any other failure ends at once."""
    deadline = clock() + wait_s
    while True:
        try:
            return step()
        except StoreUnreachable:
            if clock() >= deadline:
                raise
            sleep(RETRY_S)


@app.command(epilog="Example: python -m carabin.cli.admin.bootstrap --policies k8s/policies")
def bootstrap(
    policies: Annotated[Path, typer.Option(help="Folder of <user>.json.")] = Path("/etc/carabin/policies"),
    buckets_only: Annotated[
        bool, typer.Option("--buckets-only", help="Make no users: the store has no MinIO API.")
    ] = False,
    wait_s: Annotated[float, typer.Option(help="Seconds to wait for a store that does not answer yet.")] = 60.0,
) -> None:
    """Make the buckets, one user a service and what each may do; run again at any time."""
    settings = store_settings()
    # Read before anything is made: a missing key must not leave half of it behind.
    users = [] if buckets_only else users_from(os.environ)
    done = patient(lambda: list(make_buckets(connect(settings), settings)), wait_s)
    done += list(make_users(MinioUsers(settings), users, policies))
    for line in done:
        typer.echo(line)


def main() -> int:
    """Run the command; a refusal is one sentence and exit code 1."""
    never_lose_output()
    try:
        app(standalone_mode=True)
    except CarabinError as error:
        sys.stderr.write(f"carabin bootstrap: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
