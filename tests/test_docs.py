"""The documents speak of what is there: each path, name, make target, setting and library that they spell."""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from carabin.cli.commands.settings import SettingsGroup, settings_classes
from carabin.service.settings import SettingRow, settings_table

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "libs/*/README.md", "services/*/README.md", "cli/README.md")
    for path in ROOT.glob(pattern)
)
SOURCES = {
    path.parent.name: path
    for pattern in ("libs/*/src/carabin/*/", "services/*/src/carabin/*/", "cli/src/carabin/*/")
    for path in (found / "__init__.py" for found in ROOT.glob(pattern))
    if path.exists()
}
"""Each distribution's package, by the name that follows `carabin.`."""
FORMER_NAMES = ROOT / "docs/upgrading.md"
"""The one document that speaks of what was."""
MADE = {"data"}
"""Where commands put what they make; a clean clone has none."""
TOP_FOLDERS = tuple(
    sorted(p.name for p in ROOT.iterdir() if p.is_dir() and not p.name.startswith(".") and p.name not in MADE)
)
NOT_OURS = re.compile(r"[<>{}…$ =]|^docker/wheels$")
"""Placeholders, commands, and a folder that the reader makes."""


def code_spans(text: str) -> Iterator[str]:
    """Yield what stands between single backticks, outside of blocks of code."""
    for found in re.finditer(r"(?<!`)`([^`\n]+)`(?!`)", re.sub(r"(?ms)^```.*?^```", "", text)):
        yield found[1]


def missing_links(document: Path, text: str) -> list[str]:
    """Return the relative links that lead nowhere."""
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    paths = [target.partition("#")[0] for target in targets if not re.match(r"[a-z]+:|#", target)]
    return [path for path in paths if not (document.parent / path).exists()]


def missing_paths(document: Path, text: str) -> list[str]:
    """Return the code spans that read as a path of the repository, or of the document's folder, and are none."""
    return [
        span
        for span in code_spans(text)
        if span.startswith(tuple(f"{folder}/" for folder in TOP_FOLDERS))
        and not NOT_OURS.search(span)
        and not any(ROOT.glob(span.rstrip("/")))
        and not any(document.parent.glob(span.rstrip("/")))
    ]


def unresolved_names(text: str) -> list[str]:
    """Return the dotted names of ours that stand for no module, class, function or attribute."""
    spans = (span.removeprefix("carabin.").removesuffix("()") for span in code_spans(text))
    dotted = [span for span in spans if re.fullmatch(r"[a-z0-9_]+(\.\w+)+", span, re.ASCII)]
    ours = [
        span for span in dotted if span.partition(".")[0] in SOURCES and not span.endswith((".py", ".yaml", ".json"))
    ]
    return [span for span in ours if not resolves(span)]


@cache
def resolves(name: str) -> bool:
    """Say whether `name`, without its leading `carabin.`, can be reached in the sources, which are not imported."""
    parts = name.split(".")
    if parts[1] == "v1":
        contracts = "".join(
            path.read_text(encoding="utf-8") for path in (ROOT / "proto/carabin" / parts[0]).glob("v1/*")
        )
        return len(parts) == 2 or re.search(rf"\b(service|message|enum|rpc) {parts[2]}\b", contracts) is not None
    folder = SOURCES[parts[0]].parent
    for at, part in enumerate(parts[1:], start=1):
        if (folder / part / "__init__.py").exists():
            folder = folder / part
        elif (folder / f"{part}.py").exists():
            return defines(ast.parse((folder / f"{part}.py").read_text(encoding="utf-8")).body, parts[at + 1 :])
        else:
            return defines(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")).body, parts[at:])
    return True


def defines(body: list[ast.stmt], names: list[str]) -> bool:
    """Say whether a module's or class's body binds the first name, and the next ones inside it."""
    if not names:
        return True
    for node in body:
        if isinstance(node, ast.ClassDef) and node.name == names[0]:
            return defines(node.body, names[1:]) or (len(names) == 2 and names[1] in attributes_of(node))
        if names[0] in bound_by(node):
            return len(names) == 1
    return False


def bound_by(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name for alias in node.names}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}


def attributes_of(cls: ast.ClassDef) -> set[str]:
    """Return what the class's methods set on themselves."""
    return {
        node.attr
        for node in ast.walk(cls)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    }


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_path_and_name_of_a_document_is_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert missing_links(document, text) == []
    assert missing_paths(document, text) == []
    assert document == FORMER_NAMES or unresolved_names(text) == []


def test_a_path_a_link_and_a_name_that_are_not_there_are_found() -> None:
    text = (
        "`docs/absent.md`, `docs/*.md`, [a](absent.md), [b](protocol.md), `registry.layout.absent`, `registry.layout`"
    )
    document = ROOT / "docs/architecture.md"
    assert missing_paths(document, text) == ["docs/absent.md"]
    assert missing_links(document, text) == ["absent.md"]
    assert unresolved_names(text) == ["registry.layout.absent"]


@pytest.mark.parametrize("question", ["a word's timing", "a promotion", "a bad CSV row", "a close code"])
def test_the_index_leads_from_a_question_to_a_name_in_one_step(question: str) -> None:
    index = (ROOT / "docs/architecture.md").read_text(encoding="utf-8").partition("\n## What each")[0]
    [row] = [line for line in index.splitlines() if line.startswith(f"| {question}")]
    [link] = re.findall(r"\]\(([^)]+)\)", row)
    [name] = code_spans(row)
    module = name.rpartition(".")[0].replace(".", "/")
    assert link.endswith(f"carabin/{module}.py"), "the link and the name speak of two modules"


def test_the_states_drawn_are_those_of_the_code() -> None:
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    drawing = re.split(r"(?m)^<!-- states: ", text)[1].partition("\n## ")[0]
    module, _, cls = drawing.partition(" -->")[0].rpartition(".")
    package, _, rest = module.partition(".")
    source = SOURCES[package].parent.joinpath(*rest.split(".")).with_suffix(".py").read_text(encoding="utf-8")
    [enum] = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef) and node.name == cls]
    states = {name for node in enum.body for name in bound_by(node)}
    assert states, "the enum has no members"
    assert set(re.findall(r"\b[A-Z]{5,}\b", drawing.partition(" -->")[2])) == states


def test_every_make_target_that_a_document_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"(?m)^([a-z0-9-]+):", makefile))
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        named = {found for span in code_spans(text) for found in re.findall(r"^make ([a-z0-9-]+)", span)}
        named |= set(re.findall(r"(?m)^ {4}make ([a-z0-9-]+)", text))
        assert named <= targets, document


def settings_rows() -> Iterator[SettingRow]:
    for group in SettingsGroup:
        for cls in settings_classes(group):
            yield from settings_table(cls)


SETTING = re.compile(r"\bCARABIN_(?:STORE|SIGNING|TRAINER|EXPORTER|TRANSCRIBER)_[A-Z0-9_]*[A-Z0-9]\b")


def test_every_setting_that_a_document_names_is_read_by_a_service() -> None:
    known = {row.variable for row in settings_rows()}
    for document in DOCUMENTS:
        named = set(SETTING.findall(document.read_text(encoding="utf-8")))
        assert document == FORMER_NAMES or named <= known, document


def test_every_setting_that_a_deployment_or_a_test_gives_is_read_by_a_service() -> None:
    known = {row.variable for row in settings_rows()}
    files = [
        path
        for pattern in ("k8s/**/*.yaml", "docker/**/*.yml", "*.yml", "**/Dockerfile", "Makefile", "tests/**/*.py")
        for path in ROOT.glob(pattern)
        if ".venv" not in path.parts
    ]
    given = {name for path in files for name in SETTING.findall(path.read_text(encoding="utf-8"))}
    assert len(given) > 20, "the deployments are not found"
    assert given - known == set()


def test_every_setting_says_when_to_change_it() -> None:
    advice = re.compile(r"; (?:set|change|raise|lower|choose|name|give|put|add|leave|keep)\b")
    silent = [
        row.variable for row in settings_rows() if row.default != "required" and not advice.search(row.description)
    ]
    assert silent == []


def test_every_library_that_a_distribution_needs_earns_a_line_of_the_readme() -> None:
    table = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## Dependencies")[2]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| ")]
    named = {name.strip() for row in rows for name in row.split(",")}
    needed = {
        re.split(r"[\[<>=!~ ]", requirement)[0]
        for project in (
            *ROOT.glob("libs/*/pyproject.toml"),
            *ROOT.glob("services/*/pyproject.toml"),
            ROOT / "cli/pyproject.toml",
        )
        for requirement in tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"]
    }
    assert len(needed) > 20, "the distributions are not found"
    assert needed - {f"carabin-{name}" for name in SOURCES} - named == set()
