"""The relay carries bytes both ways, and its cut is seen on both sides."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from carabin.registry.testing.relay import Relay


@asynccontextmanager
async def echo() -> AsyncIterator[int]:
    """A server that sends back what it gets; the block waits at its end for the connection to be over there."""

    ended = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while block := await reader.read(1000):
                writer.write(block)
        except ConnectionError:
            pass
        finally:
            writer.close()
            ended.set()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
        await ended.wait()
    finally:
        server.close()


async def test_bytes_and_their_end_are_carried_both_ways() -> None:
    async with echo() as port, Relay("127.0.0.1", port).running() as relay:
        reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
        writer.write(b"x" * 100_000)
        writer.write_eof()
        assert await reader.read(-1) == b"x" * 100_000
        writer.close()


async def test_a_cut_breaks_both_sides() -> None:
    async with echo() as port, Relay("127.0.0.1", port).running() as relay:
        reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
        writer.write(b"x")
        assert await reader.read(1) == b"x"
        relay.cut()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()


async def test_a_client_that_breaks_is_seen_by_the_server() -> None:
    async with echo() as port, Relay("127.0.0.1", port).running() as relay:
        reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
        writer.write(b"x")
        await reader.read(1)
        writer.transport.abort()
