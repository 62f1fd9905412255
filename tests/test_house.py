"""The house has rooms: no folder is a wall of files, and foreign internals stay behind one door."""

import ast
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
MOST_MODULES = 20
"""The largest flat folder that still reads as a list of nouns; the median of the codebases we learn from is 4 to 10."""
DISTRIBUTIONS = ("libs", "services", "cli")


def modules() -> list[Path]:
    return [path for top in DISTRIBUTIONS for path in (ROOT / top).glob("**/src/**/*.py") if path.name != "__init__.py"]


def test_no_folder_holds_more_than_twenty_modules() -> None:
    counts = Counter(str(path.parent.relative_to(ROOT)) for path in modules())
    assert len(counts) > 20, "the folders are not found"
    assert {folder: count for folder, count in counts.items() if count > MOST_MODULES} == {}


def test_no_class_name_stands_for_two_things() -> None:
    names = Counter(
        node.name
        for path in modules()
        if not path.stem.endswith(("_pb2", "_pb2_grpc"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    )
    assert {name: count for name, count in names.items() if count > 1} == {}


def test_only_the_whisper_module_reaches_into_transformers_internals() -> None:
    reaching = {
        str(path.relative_to(ROOT))
        for path in modules()
        if any(
            isinstance(node, ast.ImportFrom) and (node.module or "").startswith("transformers.models.")
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        )
    }
    assert reaching == {"services/trainer/src/carabin/trainer/models/whisper.py"}
