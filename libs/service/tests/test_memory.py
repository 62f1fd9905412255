"""The memory that is free is the machine's, or its container's where that is less."""

import subprocess
import sys
from pathlib import Path

import pytest
from carabin.service import memory


def test_a_container_with_less_than_the_machine_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("600000\n")
    (tmp_path / "memory.stat").write_text("anon 400000\ninactive_file 150000\n")
    assert memory.available_bytes() == 1_000_000 - 600_000 + 150_000


@pytest.mark.parametrize(
    ("own", "folder", "names"),
    [
        ("0::/system.slice/carabin.service", "system.slice/carabin.service", memory._VERSION_2),
        ("0::/system.slice/carabin.service", "system.slice", memory._VERSION_2),
        ("4:memory:/batch/job", "memory/batch/job", memory._VERSION_1),
        ("4:memory:/docker/abc", "memory", memory._VERSION_1),
    ],
)
def test_a_limit_of_the_group_that_the_process_is_in_or_of_one_above_counts(
    own: str, folder: str, names: tuple[str, str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit, used, droppable = names
    (tmp_path / "own").write_text(f"9:pids:/\n{own}\n")
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    monkeypatch.setattr(memory, "_OWN_GROUPS", tmp_path / "own")
    group = tmp_path / folder
    group.mkdir(parents=True, exist_ok=True)
    (group / limit).write_text("1000000\n")
    (group / used).write_text("600000\n")
    (group / "memory.stat").write_text(f"anon 400000\n{droppable} 150000\n")
    assert memory.available_bytes() == 1_000_000 - 600_000 + 150_000


def test_the_limit_of_the_process_itself_counts() -> None:
    code = (
        "import resource; from carabin.service.memory import available_bytes, status_bytes; from pathlib import Path;"
        "used = status_bytes('VmSize', Path('/proc/self/status'));"
        "resource.setrlimit(resource.RLIMIT_AS, (used + (64 << 20), resource.RLIM_INFINITY));"
        "print(available_bytes())"
    )
    left = int(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout)
    assert 0 < left <= 64 << 20


@pytest.mark.parametrize("limit", ["max\n", "nonsense"])
def test_a_container_without_a_limit_does_not_count(
    limit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    (tmp_path / "memory.max").write_text(limit)
    (tmp_path / "memory.current").write_text("1")
    (tmp_path / "memory.stat").write_text("inactive_file 0\n")
    available = memory.available_bytes()
    assert available is None or available > 1_000_000
