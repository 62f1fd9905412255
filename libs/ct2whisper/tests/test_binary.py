"""model.bin is read as it was written, and a file that is not one is named with the byte."""

from pathlib import Path

import numpy as np
import pytest
from carabin.ct2whisper.binary import BinaryWriter, read_binary
from carabin.ct2whisper.errors import BinaryInvalid


def test_what_was_written_is_read_again_whatever_its_type(tmp_path: Path) -> None:
    arrays = {
        "float32": np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3),
        "float16": np.linspace(-1, 1, 4, dtype=np.float16),
        "int8": np.arange(-3, 3, dtype=np.int8).reshape(3, 2),
        "int16": np.array(-7, np.int16),
        "bfloat16": np.array([0x3F80, 0xBF80], np.uint16),
    }
    path = tmp_path / "model.bin"
    with path.open("wb") as file:
        writer = BinaryWriter(file)
        for dtype, values in arrays.items():
            writer.begin(f"a/{dtype}", values.shape, dtype)
            writer.write(values)
        writer.end([("b/alias", "a/int8")])
    binary = read_binary(path)
    for dtype, values in arrays.items():
        assert binary.variables[f"a/{dtype}"].dtype == dtype
        np.testing.assert_array_equal(binary.read(f"a/{dtype}"), values)
    np.testing.assert_array_equal(binary.read("b/alias"), arrays["int8"])
    assert binary.aliases == {"b/alias": "a/int8"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file ends early, it was cut off, at byte 0"),
        (b"\x05\0\0\0", "binary version 5"),
        (b"\x06\0\0\0\x05\0Bert\0", "it holds a Bert"),
    ],
)
def test_a_foreign_file_is_named_with_the_place(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "model.bin").write_bytes(content)
    with pytest.raises(BinaryInvalid, match=reason):
        read_binary(tmp_path / "model.bin")


def test_a_file_that_ends_at_any_byte_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    with path.open("wb") as file:
        writer = BinaryWriter(file)
        writer.begin("weight", (2, 2), "float32")
        writer.write(np.zeros((2, 2), np.float32))
        writer.end([("other", "weight")])
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(BinaryInvalid, match="cut off"):
            read_binary(path)


def test_an_alias_of_nothing_and_a_type_that_is_not_known_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    with path.open("wb") as file:
        BinaryWriter(file).end([("one", "missing")])
    with pytest.raises(BinaryInvalid, match="an alias names missing"):
        read_binary(path)
    with path.open("wb") as file:
        writer = BinaryWriter(file)
        writer.begin("scalar", (), "int8")
        writer.write(b"\1")
        writer.end([])
    content = bytearray(path.read_bytes())
    content[content.index(b"scalar\0") + len(b"scalar\0") + 1] = 9
    path.write_bytes(content)
    with pytest.raises(BinaryInvalid, match="unknown type 9"):
        read_binary(path)
