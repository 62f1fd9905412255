"""A listening socket, or one sentence that says why there is none."""

import socket

import pytest
from carabin.service.errors import PortTaken
from carabin.service.ports import listen, require_free


def test_a_free_port_is_listened_on_until_it_is_closed() -> None:
    [opened] = listen("127.0.0.1", 0)
    port = opened.getsockname()[1]
    socket.create_connection(("127.0.0.1", port), timeout=5).close()
    with pytest.raises(PortTaken, match=f"port {port} on 127.0.0.1 cannot be opened: another program listens there"):
        listen("127.0.0.1", port)
    opened.close()
    require_free("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "port", "reason"),
    [
        ("192.0.2.1", 0, "Cannot assign requested address"),
        ("no.such.host.invalid", 0, "Name or service not known|[Nn]ame resolution|No address"),
        ("127.0.0.1", 70_000, "ports go up to 65535"),
    ],
)
def test_what_cannot_be_listened_on_is_a_sentence_with_the_reason(host: str, port: int, reason: str) -> None:
    with pytest.raises(PortTaken, match=f"metrics port {port} on {host} cannot be opened: ({reason})"):
        listen(host, port, "metrics port")


def test_port_0_is_always_free() -> None:
    require_free("127.0.0.1", 0)
