"""Reading and closing a WebSocket: text and bytes come as sent, a close has its code, and closing twice is one."""

from typing import Any

import pytest
from carabin.transcriber.whisperlive.websocket import Gone, address, close, receive, until_gone
from starlette.websockets import WebSocket

Message = dict[str, Any]


def socket(*incoming: Message, client: tuple[str, int] | None = ("10.0.0.7", 4)) -> tuple[WebSocket, list[Message]]:
    """An accepted socket to which these messages come, and the list of what it sends."""
    waiting = iter([{"type": "websocket.connect"}, *incoming])
    sent: list[Message] = []

    async def next_message() -> Message:
        return next(waiting)

    async def send(message: Message) -> None:
        if message["type"] == "websocket.close" and message["code"] == 1006:
            raise RuntimeError("the connection is gone")
        sent.append(message)

    return WebSocket({"type": "websocket", "client": client, "headers": []}, next_message, send), sent  # type: ignore[arg-type]


async def test_text_is_text_bytes_are_bytes_and_the_end_has_its_code() -> None:
    opened, _ = socket(
        {"type": "websocket.receive", "text": ""},
        {"type": "websocket.receive", "bytes": b"\0\1"},
        {"type": "websocket.disconnect", "code": 1001},
    )
    await opened.accept()
    assert [await receive(opened), await receive(opened)] == ["", b"\0\1"]
    with pytest.raises(Gone) as gone:
        await receive(opened)
    assert gone.value.code == 1001


async def test_a_client_that_goes_without_a_code_has_the_one_for_none_and_what_it_sent_before_is_forgotten() -> None:
    opened, _ = socket({"type": "websocket.receive", "text": "late"}, {"type": "websocket.disconnect"})
    await opened.accept()
    assert await until_gone(opened) == 1005


async def test_a_socket_is_closed_once_with_a_reason_that_fits() -> None:
    opened, sent = socket()
    await opened.accept()
    await close(opened, 1008, "x" * 500)
    await close(opened, 1000, "again")
    closed = [message for message in sent if message["type"] == "websocket.close"]
    assert [(message["code"], len(message["reason"].encode())) for message in closed] == [(1008, 123)]


async def test_closing_a_connection_that_broke_raises_nothing() -> None:
    opened, sent = socket()
    await opened.accept()
    await close(opened, 1006, "")
    assert [message["type"] for message in sent] == ["websocket.accept"]


@pytest.mark.parametrize(("client", "host"), [(("10.0.0.7", 4), "10.0.0.7"), (None, "")])
def test_an_address_is_the_clients_host_or_nothing(client: tuple[str, int] | None, host: str) -> None:
    assert address(socket(client=client)[0]) == host
