"""The memory that is free is the machine's, or its container's where that is less."""

from pathlib import Path

import pytest
from carabin.transcriber.core import memory


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


@pytest.mark.skipif(memory.heap_bytes() is None, reason="this C library does not say what is in use")
@pytest.mark.parametrize("n_bytes", [1000, 50_000_000])
def test_the_heap_in_use_rises_with_what_is_taken_and_falls_when_it_is_given_back(n_bytes: int) -> None:
    before = memory.heap_bytes()
    taken = [bytearray(n_bytes) for _ in range(50_000_000 // n_bytes // 10 or 1)]
    during = memory.heap_bytes()
    del taken
    after = memory.heap_bytes()
    assert before is not None
    assert during is not None
    assert after is not None
    assert during - before > 4_000_000
    assert after - before < 2_000_000


def test_the_heap_is_not_known_where_the_c_library_does_not_say(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_: str) -> None:
        raise OSError

    monkeypatch.setattr(memory.ctypes, "CDLL", none)
    assert memory.heap_bytes() is None
