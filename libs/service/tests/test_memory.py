"""The memory that is free is the machine's, or its container's where that is less."""

from pathlib import Path

import pytest
from carabin.service import memory


def test_a_container_with_less_than_the_machine_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("600000\n")
    (tmp_path / "memory.stat").write_text("anon 400000\ninactive_file 150000\n")
    assert memory.available_bytes() == 1_000_000 - 600_000 + 150_000


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
