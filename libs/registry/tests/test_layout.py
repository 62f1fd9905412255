"""Keys are made of plain names, sort as they count, and are read back only where they are ours."""

import pytest
from carabin.registry.errors import UnsafePath
from carabin.registry.layout import (
    checkpoint_manifest_key,
    file_key,
    is_safe_name,
    is_step,
    promotion_key,
    record_number,
    safe_file,
    safe_name,
    stage_key,
)


@pytest.mark.parametrize("name", ["cardio", "v1.2_b-c", "0"])
def test_plain_names_are_taken(name: str) -> None:
    assert is_safe_name(name)
    assert safe_name(name) == name


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "a b", "é", "-x", "a\n"])
def test_names_that_would_leave_their_place_are_refused(name: str) -> None:
    assert not is_safe_name(name)
    with pytest.raises(UnsafePath):
        safe_name(name)


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../b", "a//b", "a/", "", "./a"])
def test_a_file_stays_in_its_folder(path: str) -> None:
    with pytest.raises(UnsafePath):
        safe_file(path)
    with pytest.raises(UnsafePath):
        file_key("cardio", "v1", path)


def test_numbers_sort_as_text() -> None:
    keys = [promotion_key("cardio", number) for number in (9, 10, 100)]
    assert keys == sorted(keys)
    assert [record_number(key) for key in keys] == [9, 10, 100]
    assert record_number(stage_key("cardio", 7)) == 7
    assert checkpoint_manifest_key("run", 9) < checkpoint_manifest_key("run", 10)


@pytest.mark.parametrize("stray", ["notes.json", "1.json", "00000000001.json", "٠٠٠٠٠٠٠٠٠١.json", "0000000001.txt"])
def test_what_is_no_record_has_no_number(stray: str) -> None:
    assert record_number(f"cardio/promotions/{stray}") == -1


def test_a_step_is_eight_digits_or_more() -> None:
    assert is_step("00000010")
    assert not is_step("10")
    assert not is_step("best")
