"""From a checkpoint's tensors to any number of models at once, a block of rows at a time.

CTranslate2's converter loads the whole checkpoint, with torch and transformers, quantises it in place and holds the
result; for three forms it does all of that three times. Here a block is read once and written in every form: what is in
memory is a few megabytes, whatever the size of the model, and neither torch nor transformers is imported. The files are
the converter's own, byte for byte, as a test asserts for every form and every type trained in.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import numpy as np
from carabin.registry.disk import local_file

from .binary import BinaryWriter
from .companions import read_config, write_config, write_vocabulary
from .errors import WeightsUnfit
from .layout import EMBEDDING, Scalar, Variable, whisper_scalars, whisper_variables
from .quantize import (
    Overflow,
    cast,
    greatest,
    int16_scale,
    stored_type,
    to_floats,
    to_int8,
    to_int16,
)
from .tensors import BLOCK_BYTES, Block, read_tensors

Check = Callable[[], None]
"""Raises to end the work; asked between any two variables."""

SAMPLE_BYTES: Final = 256
"""Of a variable's first row: two variables that differ all but always differ in them."""


class Weights:
    """A checkpoint in CTranslate2's layout, unread, in the type that its config.json names.

    Raises:
        TensorsInvalid: its files cannot be read.
        WeightsUnfit: the files do not fit each other.
    """

    def __init__(self, checkpoint: Path) -> None:
        self._checkpoint = checkpoint
        self._config = read_config(checkpoint)
        self._tensors = read_tensors(checkpoint)
        try:
            self._variables = whisper_variables(self._config)
            self._scalars = whisper_scalars(self._config)
        except (KeyError, TypeError) as error:
            raise WeightsUnfit(checkpoint, f"config.json says nothing of {error}") from error
        self._require_tensors()
        named = self._config.get("dtype") or self._config.get("torch_dtype") or self._tensors[EMBEDDING].dtype
        self._trained = str(named)
        if self._trained not in ("float32", "float16", "bfloat16"):
            raise WeightsUnfit(checkpoint, f"config.json says that it was trained in {self._trained}")

    def write(self, folders: Mapping[str, Path], check: Check = lambda: None) -> None:
        """Write model.bin, config.json and vocabulary.json of each form into its folder, which exists.

        Raises:
            WeightsUnfit: a value does not fit a form's type.
            DiskFailed: the disk is full or may not be written.
        """
        with ExitStack() as stack:
            writers = {}
            for form, folder in folders.items():
                stack.enter_context(local_file(folder / "model.bin"))
                writers[form] = BinaryWriter(stack.enter_context((folder / "model.bin").open("wb")))
            aliases = self._aliases(check)
            items: list[Variable | Scalar] = [*self._variables, *self._scalars]
            for item in sorted(items, key=lambda item: item.name):
                check()
                if isinstance(item, Scalar):
                    _write_scalar(item, writers)
                elif item.name not in aliases:
                    self._write_variable(item, writers)
            for writer in writers.values():
                writer.end(sorted(aliases.items()))
        for folder in folders.values():
            write_config(self._checkpoint, folder)
            write_vocabulary(self._checkpoint, folder, int(self._config["vocab_size"]))

    def _write_variable(self, variable: Variable, writers: Mapping[str, BinaryWriter]) -> None:
        types = {form: stored_type(form, self._trained, quantizable=variable.quantizable) for form in writers}
        scale = int16_scale(greatest(self._floats(variable))) if "int16" in types.values() else np.float32(1)
        scales: list[Block] = []
        for form, writer in writers.items():
            writer.begin(variable.name, variable.shape, types[form])
        for block in self._blocks(variable):
            stored: dict[str, Block] = {}
            for kind in dict.fromkeys(types.values()):
                if kind == "int8":
                    stored[kind], row_scales = to_int8(to_floats(block, self._trained))
                    scales.append(row_scales)
                elif kind == "int16":
                    stored[kind] = to_int16(to_floats(block, self._trained), scale)
                else:
                    stored[kind] = self._cast(variable.name, block, self._trained, kind)
            for form, writer in writers.items():
                writer.write(stored[types[form]])
        for form, writer in writers.items():
            if types[form] == "int8":
                writer.begin(f"{variable.name}_scale", variable.shape[:1], "float32")
                writer.write(np.concatenate(scales))
            elif types[form] == "int16":
                writer.begin(f"{variable.name}_scale", (), "float32")
                writer.write(scale.tobytes())

    def _blocks(self, variable: Variable, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
        """Yield a variable's rows in the type that it was trained in."""
        for part in variable.parts:
            if part.tensor is None:
                bits = self._trained == "bfloat16"
                yield np.zeros((1, *part.shape), np.uint16 if bits else self._trained)
            else:
                tensor = self._tensors[part.tensor]
                for block in tensor.blocks(block_bytes):
                    yield self._cast(variable.name, block, tensor.dtype, self._trained)

    def _floats(self, variable: Variable) -> Iterator[Block]:
        return (to_floats(block, self._trained) for block in self._blocks(variable))

    def _cast(self, name: str, block: Block, dtype: str, target: str) -> Block:
        try:
            return cast(block, dtype, target)
        except Overflow as error:
            raise WeightsUnfit(self._checkpoint, f"{name} cannot be stored as {target}: {error}") from error

    def _aliases(self, check: Check) -> Mapping[str, str]:
        """Return what is stored under another name: of variables that hold the same, the first by name is kept."""
        alike: dict[tuple[object, ...], list[Variable]] = {}
        for variable in self._variables:
            first = next(self._blocks(variable, SAMPLE_BYTES))
            sample = _comparable(to_floats(first, self._trained)[0, :SAMPLE_BYTES])
            alike.setdefault((variable.shape, sample), []).append(variable)
        aliases: dict[str, str] = {}
        for candidates in alike.values():
            kept: dict[object, str] = {}
            one_source = len({variable.parts for variable in candidates}) == 1
            for variable in candidates if candidates[1:] else ():
                check()
                content = variable.parts if one_source else self._digest(variable)
                first_name = kept.setdefault(content, variable.name)
                if first_name != variable.name:
                    aliases[variable.name] = first_name
        return aliases

    def _digest(self, variable: Variable) -> bytes:
        digest = hashlib.blake2b()
        for block in self._floats(variable):
            digest.update(_comparable(block))
        return digest.digest()

    def _require_tensors(self) -> None:
        """A tensor that is not there would be made up at random by transformers, and converted without a word."""
        for part in (part for variable in self._variables for part in variable.parts if part.tensor is not None):
            tensor = self._tensors.get(part.tensor or "")
            if tensor is None:
                raise WeightsUnfit(self._checkpoint, f"no {part.tensor} in its weights")
            if tensor.shape != part.shape:
                raise WeightsUnfit(
                    self._checkpoint, f"{part.tensor} has shape {tensor.shape}, {part.shape} by config.json"
                )


def _comparable(floats: Block) -> bytes:
    """Return bytes that are equal where the values are: the two zeros are."""
    return bytes((floats + np.float32(0)).data)


def _write_scalar(scalar: Scalar, writers: Mapping[str, BinaryWriter]) -> None:
    for writer in writers.values():
        writer.begin(scalar.name, (), scalar.dtype)
        writer.write(scalar.data)
