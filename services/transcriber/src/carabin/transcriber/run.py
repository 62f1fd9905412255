"""From settings to a running service; shared by `carabin-transcriber` and `carabin serve`."""

import asyncio
from collections.abc import Callable

from .app import make_parts
from .memory import bound_heap
from .server import Server
from .server_settings import ServerSettings
from .settings import TranscriberSettings
from .wiring import make_transcriber


def run(
    server_settings: ServerSettings,
    settings: TranscriberSettings,
    on_listening: Callable[[int], None] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then drain and return.

    Raises:
        InsecureListening: the settings would let strangers in.
        PortTaken: another program listens on one of the ports.
        StoreNotConfigured: models come from the registry and nothing says where it is.
    """
    bound_heap()
    asyncio.run(serve(server_settings, settings, on_listening))


async def serve(
    server_settings: ServerSettings,
    settings: TranscriberSettings,
    on_listening: Callable[[int], None] | None = None,
) -> None:
    """See `run`; on an event loop that is there already."""
    transcriber = make_transcriber(settings)
    parts = make_parts(transcriber, server_settings, transcriber.metrics.registry, transcriber.vocabulary_names)
    await Server(parts, on_listening).serve()
