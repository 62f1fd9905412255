"""`carabin-transcriber`: serves live dictation, as CARABIN_TRANSCRIBER_* and CARABIN_STORE_* say."""

import argparse
import logging
import sys
from pathlib import Path
from typing import Any

from carabin.registry.errors import CarabinError
from carabin.service.logging import configure_logging
from carabin.service.output import never_lose_output

from .bootstrap import run
from .settings.model import TranscriberSettings
from .settings.server import ServerSettings

log = logging.getLogger(__name__)


def main(argv: list[str] | None = None) -> int:
    """Serve until a signal: 0 drained, 1 refused with one sentence."""
    never_lose_output()
    of_server, of_model = read_arguments(argv)
    try:
        server_settings = ServerSettings.load(**of_server)
        configure_logging("transcriber", server_settings.log_level)
        settings = TranscriberSettings.load(**of_model)
        run(server_settings, settings, _say_listening)
    except CarabinError as error:
        sys.stderr.write(f"carabin-transcriber: {error}\n")
        return 1
    return 0


def read_arguments(argv: list[str] | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the command line sets of the server's settings and of the models', over what variables say.

    A model that is named here, or a folder, is served alone, also where CARABIN_TRANSCRIBER_MODELS names several.
    """
    arguments = _parser().parse_args(argv)
    of_server = {name: value for name, value in vars(arguments).items() if value is not None}
    of_model = {name: of_server.pop(name) for name in ("model_dir", "model_name") if name in of_server}
    return of_server, of_model | ({"models": ""} if of_model else {})


def _say_listening(port: int, grpc_port: int | None) -> None:
    log.info("listening", extra={"event": "listening", "port": port, "grpc_port": grpc_port})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="carabin-transcriber",
        description="Serve live dictation over WhisperLive's protocol, gRPC and an OpenAI-compatible upload.",
        epilog="Example: carabin-transcriber --port 9090. Every setting: carabin settings transcriber",
    )
    parser.add_argument("--host", help="address to listen on; default 127.0.0.1")
    parser.add_argument("--port", type=int, help="WebSocket and HTTP port; default 9090")
    parser.add_argument("--grpc-port", type=int, help="gRPC port; default 9091")
    parser.add_argument("--model-dir", type=Path, help="a CTranslate2 folder instead of the store's production version")
    parser.add_argument("--model-name", help="the registry's name of the model, which is then served alone")
    return parser


if __name__ == "__main__":
    sys.exit(main())
