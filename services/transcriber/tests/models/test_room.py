"""A model is loaded only where it fits; the refusal has both figures."""

from pathlib import Path

import pytest
from carabin.service.memory import ROOM, WORKSPACE_BYTES
from carabin.transcriber.core.errors import MemoryShort
from carabin.transcriber.models.loader import LoadedCandidate
from carabin.transcriber.models.room import require_room


def test_what_fits_passes_and_what_does_not_is_refused_with_figures(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(bytes(10 << 20))
    candidate = LoadedCandidate("v2", tmp_path)
    need = int((10 << 20) * ROOM) + WORKSPACE_BYTES
    require_room(candidate, need)
    require_room(candidate, None)
    with pytest.raises(MemoryShort, match=rf"v2.* {need >> 20} MiB and {(need - 1) >> 20} MiB are free.*drain"):
        require_room(candidate, need - 1)
