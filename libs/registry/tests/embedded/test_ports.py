"""A port counts as free only with the twin that SeaweedFS opens beside it."""

import socket

import pytest
from carabin.registry.embedded.ports import LOOPBACK, TWIN_OFFSET, free_ports, require_free
from carabin.registry.errors import PortInUse


def test_ports_are_free_and_different() -> None:
    ports = free_ports(5)
    assert len(set(ports)) == 5
    for port in ports:
        require_free(port)


@pytest.mark.parametrize("offset", [0, TWIN_OFFSET])
def test_a_port_or_a_twin_in_use_is_named(offset: int) -> None:
    [port] = free_ports(1)
    with socket.create_server((LOOPBACK, port + offset)), pytest.raises(PortInUse, match=f"port {port + offset} on"):
        require_free(port)


@pytest.mark.parametrize("port", [0, -1, 65_535 - TWIN_OFFSET + 1])
def test_a_port_without_room_for_its_twin_is_refused(port: int) -> None:
    with pytest.raises(PortInUse, match=f"port {port} cannot be used"):
        require_free(port)
