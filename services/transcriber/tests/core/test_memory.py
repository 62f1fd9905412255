"""The heap in use is what was taken and not given back."""

import pytest
from carabin.transcriber.core import memory


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
