"""A JSON file that another writer spoilt is refused by its name, as whichever gate reads it refuses."""

from pathlib import Path

import pytest
from carabin.exporter.conversion.json_files import Refusal, added_tokens, read_json, read_json_object
from carabin.exporter.errors import CheckpointRefused, ConversionRefused


@pytest.mark.parametrize("refusal", [CheckpointRefused, ConversionRefused])
@pytest.mark.parametrize("data", [b'{"n": ', b"\xff\xfe{\x00}\x00", b""])
def test_what_is_no_json_in_utf_8_is_refused_by_the_files_name(tmp_path: Path, data: bytes, refusal: Refusal) -> None:
    (tmp_path / "config.json").write_bytes(data)
    with pytest.raises(refusal, match=r"config\.json is not JSON"):
        read_json(tmp_path, "config.json", refusal)


def test_another_value_is_no_object(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("[1]")
    assert read_json(tmp_path, "config.json", CheckpointRefused) == [1]
    with pytest.raises(CheckpointRefused, match=r"config\.json holds no JSON object"):
        read_json_object(tmp_path, "config.json", CheckpointRefused)


def test_a_file_that_may_not_be_opened_now_speaks_against_no_model(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_json(tmp_path, "config.json", CheckpointRefused)


@pytest.mark.parametrize("found", [[{"id": 1}], [{"content": "a"}], ["a"], [{"id": "x", "content": "a"}], 7])
def test_added_tokens_need_an_id_and_a_text(tmp_path: Path, found: object) -> None:
    assert added_tokens(tmp_path, {"added_tokens": [{"id": 1, "content": "a"}]}, CheckpointRefused) == [(1, "a")]
    assert added_tokens(tmp_path, {}, CheckpointRefused) == []
    with pytest.raises(ConversionRefused, match="without `id` and `content`"):
        added_tokens(tmp_path, {"added_tokens": found}, ConversionRefused)
