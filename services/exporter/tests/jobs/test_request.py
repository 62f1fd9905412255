"""What may be asked of an export: names and forms that cannot be are refused before any work."""

from pathlib import Path

import pytest
from carabin.exporter.errors import (
    RequestInvalid,
)
from carabin.exporter.jobs.request import AS_IT_IS, ExportRequest
from carabin.exporter.sources import Ct2Folder, FolderCheckpoint
from carabin.registry.errors import UnsafePath


def test_names_and_forms_that_cannot_be_are_refused_before_any_work(pristine_checkpoint: Path, tmp_path: Path) -> None:
    source = FolderCheckpoint(pristine_checkpoint)
    with pytest.raises(UnsafePath):
        ExportRequest(source, "../escape")
    with pytest.raises(RequestInvalid, match="'int4'; one of float16"):
        ExportRequest(source, "cardio", ("int4",))
    with pytest.raises(RequestInvalid, match="no such folder"):
        FolderCheckpoint(tmp_path / "nothing")


def test_a_form_asked_for_twice_is_made_once_and_none_at_all_is_refused(pristine_checkpoint: Path) -> None:
    source = FolderCheckpoint(pristine_checkpoint)
    assert ExportRequest(source, "cardio", ("int8", "float16", "int8")).forms == ("int8", "float16")
    with pytest.raises(RequestInvalid, match="unknown quantization"):
        ExportRequest(source, "cardio", ())


def test_a_converted_folder_has_the_form_that_it_came_in_whatever_was_asked(model: Path) -> None:
    assert ExportRequest(Ct2Folder(model), "cardio", ()).forms == (AS_IT_IS,)
