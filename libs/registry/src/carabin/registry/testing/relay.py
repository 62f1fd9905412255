"""A TCP relay before any server, whose connections a test or a bench cuts: the network between two machines."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_BLOCK_BYTES = 65536


class Relay:
    """Carries bytes from its own port to (`host`, `port`) and back; lives on one event loop."""

    def __init__(self, host: str, port: int) -> None:
        self.port = 0
        """Where it listens on loopback; known once it runs."""
        self.refusing = False
        """New connections are closed at once."""
        self._target = (host, port)
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Relay"]:
        """Carry for as long as the block lasts."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.cut()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Break every connection at once, without a goodbye, as a network does."""
        for writer in self._writers:
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, far_writer}
        self._writers |= both
        try:
            await asyncio.gather(_carry(reader, far_writer), _carry(far_reader, writer))
        finally:
            self._writers -= both
            for each in both:
                each.transport.abort()
                with suppress(OSError):
                    await each.wait_closed()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry one direction to its end; the other direction may go on."""
    try:
        while block := await reader.read(_BLOCK_BYTES):
            writer.write(block)
            await writer.drain()
        writer.write_eof()
    except (OSError, RuntimeError):
        writer.transport.abort()  # one side broke: the other must see that too
