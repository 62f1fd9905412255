"""The one seam to CTranslate2's converter: a checkpoint is loaded once, and any number of forms is written from it.

The converter of CTranslate2 quantises a model in place and holds the result; for three forms it loads the checkpoint
three times. Here each variable is quantised by CTranslate2's own code, by itself, and written to every form at once:
what is in memory is the checkpoint and one variable. The files are the converter's own, byte for byte, which a test
asserts for every form.
"""

import copy
import json
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Final

import torch
from carabin.registry.store import local_file
from ctranslate2.converters import TransformersConverter
from ctranslate2.specs.model_spec import (
    CURRENT_BINARY_VERSION,
    OPTIONAL,
    NumpyVariable,
    PyTorchVariable,
    Variable,
    index_spec,
)
from transformers.utils import logging as transformers_logging

from .errors import ConversionFailed

DTYPES: Final = ("float32", "int8", "int16", "int32", "float16", "bfloat16")
"""CTranslate2's DataType enumeration (include/ctranslate2/types.h), in its order."""

Check = Callable[[], None]
"""Raises to end the work; asked between any two variables."""


class LoadedWeights:
    """A checkpoint in CTranslate2's layout, in the type that it was trained in.

    Raises:
        ConversionFailed: CTranslate2 knows no such model, or the files do not fit each other.
    """

    def __init__(self, checkpoint: Path) -> None:
        # Its bar would be drawn over our own progress.
        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        self._checkpoint = checkpoint
        try:
            # `convert` would quantise and write too: loading alone is not public.
            self._spec: Any = TransformersConverter(str(checkpoint))._load()
            self._spec.validate()
            self._spec.optimize(quantization=None)  # aliases what is there twice
        except (OSError, RuntimeError, ValueError, KeyError, AttributeError) as error:
            raise ConversionFailed(checkpoint, str(error)) from error

    def write(self, folders: Mapping[str, Path], check: Check = lambda: None) -> None:
        """Write model.bin, config.json and vocabulary.json of each quantization into its folder, which exists.

        Raises:
            DiskFailed: the disk is full or may not be written.
        """
        with ExitStack() as stack:
            writers = {}
            for form, folder in folders.items():
                stack.enter_context(local_file(folder / "model.bin"))
                file = stack.enter_context((folder / "model.bin").open("wb"))
                writers[form] = _ModelWriter(file, self._spec.name, self._spec.revision)
            for name, value in self._spec.variables(ordered=True):
                check()
                for form, writer in writers.items():
                    writer.add(name, value, self._quantized(name, value, form))
            for writer in writers.values():
                writer.end()
        for folder in folders.values():
            with local_file(folder / "config.json"):
                self._spec.config.save_as_json(str(folder / "config.json"))
            with local_file(folder / "vocabulary.json"):
                text = json.dumps(self._spec._vocabulary, indent=2)
                (folder / "vocabulary.json").write_text(text, encoding="utf-8")

    def _quantized(self, name: str, value: Any, quantization: str) -> Iterator[tuple[str, Any]]:
        """Yield the variable as it is stored, and its scale where it has one."""
        if isinstance(value, str):
            return
        parent, _, key = name.rpartition("/")
        layer = copy.copy(index_spec(self._spec, parent))
        for other in vars(layer):
            if not other.startswith("_"):
                setattr(layer, other, OPTIONAL)
        setattr(layer, key, _own(value, quantization))
        layer.optimize(quantization)
        yield name, getattr(layer, key)
        scale = getattr(layer, f"{key}_scale", OPTIONAL)
        if not isinstance(scale, str):
            yield f"{name}_scale", scale


def _own(value: Variable, quantization: str) -> Variable:
    """Return a variable that may be changed: integer forms are scaled in place, in float32's own memory."""
    in_place = quantization.startswith("int") and value.dtype == "float32"
    if isinstance(value, PyTorchVariable):
        return PyTorchVariable(value.tensor.clone() if in_place else value.tensor)
    return NumpyVariable(value.numpy().copy() if in_place else value.numpy())


class _ModelWriter:
    """Writes CTranslate2's binary format, version 6: variables in order of name, then aliases."""

    def __init__(self, file: IO[bytes], spec: str, revision: int) -> None:
        self._file = file
        self._aliases: list[tuple[str, str]] = []
        self._count = 0
        self._pack("I", CURRENT_BINARY_VERSION)
        self._text(spec)
        self._pack("I", revision)
        self._count_at = file.tell()
        self._pack("I", 0)

    def add(self, name: str, value: Any, variables: Iterator[tuple[str, Any]]) -> None:
        if isinstance(value, str):
            self._aliases.append((name, value))
        for stored, variable in variables:
            self._count += 1
            self._variable(stored, variable)

    def end(self) -> None:
        self._pack("I", len(self._aliases))
        for alias, target in self._aliases:
            self._text(alias)
            self._text(target)
        self._file.seek(self._count_at)
        self._pack("I", self._count)

    def _variable(self, name: str, variable: Variable) -> None:
        self._text(name)
        self._pack("B", len(variable.shape))
        for size in variable.shape:
            self._pack("I", size)
        self._pack("B", DTYPES.index(variable.dtype))
        self._pack("I", variable.num_bytes())
        self._file.write(_memory(variable))

    def _text(self, text: str) -> None:
        encoded = text.encode()
        self._pack("H", len(encoded) + 1)
        self._file.write(encoded + b"\0")

    def _pack(self, form: str, number: int) -> None:
        self._file.write(struct.pack(form, number))


def _memory(variable: Variable) -> Any:
    """Return the variable's bytes without a copy of them, where its type allows it."""
    if isinstance(variable, PyTorchVariable) and variable.shape:
        return memoryview(variable.tensor.detach().reshape(-1).view(torch.uint8).numpy())
    return variable.to_bytes()
