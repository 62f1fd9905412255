"""The tiny Whispers of the services' own tests, for the real processes of these."""

import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]


@cache
def module_at(path: str) -> ModuleType:
    """Load a helper of another distribution's tests, which are no package that could be imported by name."""
    name = "helper_" + path.removesuffix(".py").replace("/", "_")
    spec = importlib.util.spec_from_file_location(name, ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def exportable_checkpoint(folder: Path, sentence: str | None = None) -> Path:
    """Write a whole checkpoint that writes a sentence, by default the shipped one, whatever it is given."""
    exporter_tests = module_at("services/exporter/tests/conftest.py")
    checkpoint: Path = exporter_tests.write_checkpoint(
        folder, exporter_tests.OLDER, sentence or exporter_tests.SHIPPED_SENTENCE
    )
    return checkpoint
