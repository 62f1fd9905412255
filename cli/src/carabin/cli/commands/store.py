"""`carabin store`: the embedded object store of this machine."""

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer
from carabin.cli.output import write_json
from carabin.registry.embedded.state import StoreState
from carabin.registry.embedded.store import EmbeddedStore
from carabin.registry.errors import EmbeddedStoreFailed
from carabin.registry.settings import StoreSettings, state_path

DEFAULT_PORT = 8333
"""SeaweedFS's own S3 port."""
WATCH_S = 1.0
"""How often `run` looks whether its store lives: a supervisor that starts it again should not wait longer."""

app = typer.Typer(
    help="Run the embedded object store (SeaweedFS, loopback only) on this machine.",
    epilog="Example: carabin store start, then: carabin store status",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Folder = Annotated[
    Path | None,
    typer.Option(
        "--folder", help="Where it keeps its data, log and keys; by default store/ in CARABIN_DATA_DIR, or in ./data."
    ),
]
Port = Annotated[
    int | None, typer.Option("--port", help=f"Port of the S3 endpoint, {DEFAULT_PORT} by default; 0 takes a free one.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print for machines; the secret key is never printed.")]


@app.command(epilog="Example: carabin store start --port 8333")
def start(folder: Folder = None, port: Port = None, as_json: AsJson = False) -> None:
    """Start the store in the background; `carabin` commands find it by its state file."""
    store = _store(folder, port)
    running = store.status()
    ran_already = running is not None
    if running is not None and port and port not in running.ports[:1]:
        raise EmbeddedStoreFailed(
            f"a store runs in {store.folder} already, at {running.endpoint}, and not on port {port}:"
            " `carabin store stop` ends it, then it starts there"
        )
    store.start()
    _report(store.status(), store, as_json, "runs already" if ran_already else "runs")
    if not as_json and folder is not None:
        typer.echo(
            f"Other commands look in {state_path().parent}; set CARABIN_STORE_* from {state_path(store.folder)}."
        )


@app.command(epilog="Example: carabin store stop")
def stop(folder: Folder = None) -> None:
    """Stop the store; its data stays."""
    store = EmbeddedStore(folder)
    typer.echo("The store is stopped." if store.stop() else f"No store runs in {store.folder}.")


@app.command(epilog="Example: carabin store status --json")
def status(folder: Folder = None, as_json: AsJson = False) -> None:
    """Say whether the store runs: exit code 0 if it does, 1 if not."""
    store = EmbeddedStore(folder)
    state = store.status()
    _report(state, store, as_json, "runs")
    if state is None:
        raise typer.Exit(1)


@app.command(epilog="Example: carabin store run --port 8333")
def run(folder: Folder = None, port: Port = None) -> None:
    """Run the store in the foreground until Ctrl-C or SIGTERM, then stop it in order; 1 where it ends by itself."""
    store = _store(folder, port)
    if store.status() is not None:
        raise EmbeddedStoreFailed(f"a store runs in {store.folder} already: `carabin store stop` ends it")
    asked = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked.set())
    with store as settings:
        _announce(store, settings)
        while not asked.wait(WATCH_S):
            if store.status() is None:
                raise EmbeddedStoreFailed(
                    f"the store in {store.folder} ended: somebody stopped it, or {store.log} says why"
                )
    typer.echo("The store is stopped.")


def _announce(store: EmbeddedStore, settings: StoreSettings) -> None:
    typer.echo(f"The store runs on http://{settings.endpoint}; its data is in {store.folder}. Ctrl-C stops it.")


def _store(folder: Path | None, port: int | None) -> EmbeddedStore:
    return EmbeddedStore(folder, (DEFAULT_PORT if port is None else port) or None)


def _report(state: StoreState | None, store: EmbeddedStore, as_json: bool, verb: str) -> None:
    if as_json:
        shown = {"running": state is not None, "folder": str(store.folder)}
        write_json(shown | (state.model_dump(mode="json", exclude={"secret_key"}) if state else {}))
    elif state is None:
        typer.echo(f"No store runs in {store.folder}.")
    else:
        typer.echo(f"The store {verb} on http://{state.endpoint}, process {state.pid}; its data is in {store.folder}.")
