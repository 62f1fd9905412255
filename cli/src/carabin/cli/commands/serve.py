"""`carabin serve`: the transcriber on this machine."""

from pathlib import Path
from typing import Annotated

import typer
from carabin.service.logging import configure_logging

app = typer.Typer(
    help="Serve the production model to dictation clients.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.command(epilog="Example: carabin serve --port 9090, then: carabin dictate report.wav")
def serve(
    model_dir: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="A CTranslate2 folder, instead of the store's production."),
    ] = None,
    model_name: Annotated[str | None, typer.Option(help="The model's name in the store.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on; by default this machine alone.")] = None,
    port: Annotated[int | None, typer.Option(help="WebSocket and HTTP port; 0 takes a free one.")] = None,
    grpc_port: Annotated[int | None, typer.Option(help="gRPC port; 0 takes a free one.")] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Listen beyond this machine without authentication all the same.")
    ] = False,
    log_level: Annotated[str | None, typer.Option(help="DEBUG, INFO, WARNING or ERROR.")] = None,
) -> None:
    """Serve until Ctrl-C: WhisperLive's protocol, uploads, probes and the dictation page on one port, gRPC beside it.

    Settings come from CARABIN_TRANSCRIBER_* (see `carabin settings transcriber`); options win over them.
    """
    # CTranslate2 and the web server take a second to import: not for --help.
    from carabin.transcriber.bootstrap import run
    from carabin.transcriber.settings.model import TranscriberSettings
    from carabin.transcriber.settings.server import ServerSettings

    chosen = {"host": host, "port": port, "grpc_port": grpc_port, "insecure": insecure or None, "log_level": log_level}
    settings = ServerSettings.load(**{name: value for name, value in chosen.items() if value is not None})
    of_model = {"model_dir": model_dir, "model_name": model_name}
    model_settings = TranscriberSettings.load(**{name: value for name, value in of_model.items() if value is not None})
    configure_logging("transcriber", settings.log_level)
    scheme = "https" if settings.tls_cert else "http"

    def announce(bound: int, _: int | None) -> None:
        typer.echo(f"Listening on {scheme}://{settings.host}:{bound} (WebSocket at any path). Ctrl-C ends it.")

    run(settings, model_settings, announce)
