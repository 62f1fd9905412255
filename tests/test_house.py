"""The house has rooms: no folder is a wall of files, and foreign internals stay behind one door."""

import ast
import re
from collections import Counter
from collections.abc import Collection
from fnmatch import fnmatch
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


_DRAWN = re.compile(r"^(\s*(?:[*x+-]|└──)?\s*)([A-Z][A-Za-z0-9]+)(?=\s|$)", re.MULTILINE)
"""A line of a tree: what stands before an error's name says below which other one it stands."""


def drawn_parents(drawing: str, known: Collection[str]) -> dict[str, str]:
    """Return the error that each one of `known` is drawn below; empty for one below none."""
    parents: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for found in _DRAWN.finditer(drawing):
        column, name = len(found[1]), found[2]
        if name in known:
            above = [each for each in above if each[0] < column]
            parents[name] = above[-1][1] if above else ""
            above.append((column, name))
    return parents


def test_each_error_stands_in_the_tree_at_the_head_of_its_file_below_its_base() -> None:
    for path in modules():
        if path.name != "errors.py":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        bases = {node.name: ast.unparse(node.bases[0]) for node in tree.body if isinstance(node, ast.ClassDef)}
        parents = drawn_parents(ast.get_docstring(tree, clean=False) or "", {*bases, *bases.values()})
        # A tree may leave its root's own base out: it is another package's.
        expected = {name: base if base in parents else "" for name, base in bases.items()}
        assert {name: parents.get(name) for name in bases} == expected, path


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


THREADS = "libs/service/src/carabin/service/threads.py"
"""The only module that starts a thread: what is raised in one of its threads is logged and counted."""
BARE_THREADS = {"Thread", "Timer", "start_new_thread"}


def called(node: ast.AST) -> str:
    """Return the last part of the name that a call names, such as `Thread` of `threading.Thread(...)`."""
    function = node.func if isinstance(node, ast.Call) else None
    return (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )


def test_no_module_starts_a_thread_that_nobody_supervises() -> None:
    starting = {
        path.relative_to(ROOT).as_posix()
        for path in modules()
        if any(called(node) in BARE_THREADS for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    }
    assert starting == {THREADS}, "use carabin.service.threads, or let the caller run your step in a thread of its own"


LONG = 200
"""Lines of a module: more are read in one go only for a reason, which its first lines give."""


def test_a_module_over_two_hundred_lines_says_at_its_head_why() -> None:
    written = [path for path in modules() if not path.stem.endswith(("_pb2", "_pb2_grpc"))]
    texts = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in written}
    long = {name: ast.get_docstring(ast.parse(text)) or "" for name, text in texts.items() if text.count("\n") > LONG}
    assert [name for name, head in long.items() if "Over 200 lines: " not in head] == []


UNDOCUMENTED = 39
"""Public functions whose name says all, such as `manifest_key`, and methods that a foreign base documents."""


def test_public_functions_have_docstrings_where_the_name_does_not_say_all() -> None:
    documented: set[str] = set()
    bare: list[tuple[str, str, str]] = []
    for path in modules():
        if path.stem.endswith(("_pb2", "_pb2_grpc")):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
        for owner, body in [("", tree.body), *((found.name, found.body) for found in classes)]:
            for node in body:
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
                    if not ast.get_docstring(node):
                        bare.append((str(path.relative_to(ROOT)), owner, node.name))
                    elif owner:
                        documented.add(node.name)
    # A method that fulfils a contract is documented where the contract is.
    silent = [found for found in bare if not (found[1] and found[2] in documented)]
    assert len(silent) <= UNDOCUMENTED, silent


TESTED_IN = {
    # Doubles and fixtures: the tests that use them hold them to what they stand for.
    "*/ct2whisper/testing.py": "libs/ct2whisper/tests/test_weights.py",
    "*/registry/testing/fixtures.py": "libs/registry/tests/test_store.py",
    "*/registry/testing/memory.py": "libs/registry/tests/test_store.py",
    "*/transcriber/testing/*.py": "services/transcriber/tests/whisperlive/test_contract.py",
}
"""Modules with logic and no test file of their own, by pattern, and the file that tests them; it may only shrink."""
UNMIRRORED = 7
"""How many they are today: whoever adds a module adds its test file, and whoever adds a missing one lowers this."""


def has_logic(path: Path) -> bool:
    """Say whether a function of the module decides, repeats or catches."""
    return any(
        isinstance(inner, ast.If | ast.For | ast.While | ast.Try | ast.Match | ast.AsyncFor)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
    )


def mirrored(path: Path) -> Path:
    """Return where the tests of `DIST/src/carabin/PACKAGE/a/b.py` belong: `DIST/tests/a/test_b.py`."""
    distribution = path.parents[len(path.parts) - 1 - path.parts.index("src")]
    inside = path.relative_to(distribution / "src").parts[2:]
    return distribution.joinpath("tests", *inside[:-1], f"test_{inside[-1]}")


def test_each_module_that_decides_has_a_test_file_at_its_own_place() -> None:
    written = [path for path in modules() if not path.stem.endswith(("_pb2", "_pb2_grpc")) and path.stem != "__main__"]
    bare = [path.relative_to(ROOT).as_posix() for path in written if has_logic(path) and not mirrored(path).exists()]
    assert [path for path in bare if not any(fnmatch(path, pattern) for pattern in TESTED_IN)] == []
    assert [pattern for pattern in TESTED_IN if not any(fnmatch(path, pattern) for path in bare)] == [], (
        "take these out"
    )
    assert [file for file in TESTED_IN.values() if not (ROOT / file).is_file()] == []
    assert len(bare) <= UNMIRRORED, "a new module needs a test file of its own"


def test_no_test_waits_for_a_setting_that_is_taken_away_before_it_is_read() -> None:
    reading = re.compile(r"""environ(?:\.get\(|\[)["'](CARABIN_(?!TEST_)\w+)["']""")
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for top in (*DISTRIBUTIONS, "tests")
        for pattern in ("test_*.py", "conftest.py")
        for path in (ROOT / top).rglob(pattern)
        for name in reading.findall(path.read_text(encoding="utf-8"))
    }
    assert found == set(), "the root conftest.py keeps only CARABIN_TEST_*"
