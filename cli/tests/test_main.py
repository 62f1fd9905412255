"""`carabin` finds its commands, and its exit codes are true."""

import errno
import json
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest
import typer
from carabin.cli.main import COMMANDS, main
from carabin.registry.errors import CarabinError


def test_help_names_every_command(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capfd.readouterr().out
    assert all(name in shown for name in COMMANDS)


def test_nothing_and_nonsense_are_wrong_usage(capfd: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert main(["dance"]) == 2
    assert "there is no command 'dance'" in capfd.readouterr().err


def _command(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    app = typer.Typer(pretty_exceptions_enable=False)

    @app.command()
    def store() -> None:
        raise error

    module = types.ModuleType("carabin.cli.commands.store")
    module.app = app  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "carabin.cli.commands.store", module)


WITHOUT_SERVICES = """
import importlib.abc, json, sys

class Blocked(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name in ("carabin.transcriber", "carabin.trainer", "carabin.exporter"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocked())
from carabin.cli.main import main
for arguments in json.load(sys.stdin):
    try:
        print(main(arguments), file=sys.stderr)
    except Exception as error:
        print(type(error).__name__, file=sys.stderr)
"""
SERVICES_COMMANDS = [
    ["serve"],
    ["train", "data"],
    ["evaluate", "v1", "--dataset", "data"],
    ["demo"],
    ["dataset", "check", "data"],
    ["corrections", "list"],
    ["corrections", "delete", "--identity", "dr.martin"],
]


def test_a_command_whose_service_is_not_installed_says_so_and_ends_with_1(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_SERVICES],
        input=json.dumps(SERVICES_COMMANDS), capture_output=True, text=True, cwd=tmp_path, check=True,
        env=os.environ | {"CARABIN_DATA_DIR": str(tmp_path)},
    )  # fmt: skip
    lines = ran.stderr.splitlines()
    assert lines[1::2] == ["1"] * len(SERVICES_COMMANDS), ran.stderr
    for arguments, sentence in zip(SERVICES_COMMANDS, lines[::2], strict=True):
        assert sentence.startswith(f"carabin: `carabin {arguments[0]}` needs the package carabin.")


def test_our_errors_are_one_sentence_and_exit_1(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    _command(monkeypatch, CarabinError("the disk is full"))
    assert main(["store"]) == 1
    assert capfd.readouterr().err == "carabin: the disk is full\n"


def test_a_bug_is_not_dressed_up_as_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    _command(monkeypatch, ZeroDivisionError("bug"))
    with pytest.raises(ZeroDivisionError):
        main(["store"])


def test_a_file_that_cannot_be_used_is_one_sentence_and_a_socket_that_broke_is_not_taken_for_one(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    _command(monkeypatch, PermissionError(errno.EACCES, "Permission denied", "/reports/out.json"))
    assert main(["store"]) == 1
    assert capfd.readouterr().err == "carabin: /reports/out.json cannot be used: Permission denied\n"
    _command(monkeypatch, ConnectionResetError(errno.ECONNRESET, "Connection reset"))
    with pytest.raises(ConnectionResetError):
        main(["store"])


@pytest.mark.parametrize("arguments", [["--help"], ["settings", "transcriber"], ["settings", "transcriber", "--json"]])
def test_an_output_for_which_the_disk_has_no_room_is_one_sentence(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with Path("/dev/full").open("w") as full, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", full)
        assert main(arguments) == 1
        # What the stream still holds would be written, and fail, again when it is closed.
        with Path(os.devnull).open("w") as nothing:
            os.dup2(nothing.fileno(), full.fileno())
    [sentence] = capfd.readouterr().err.splitlines()
    assert "the output cannot be written: No space left on device" in sentence
    assert "what this command did before that stands" in sentence


def test_memory_that_runs_short_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    _command(monkeypatch, MemoryError())
    assert main(["store"]) == 1
    expected = "carabin: this machine is short of memory; what this command did before that stands\n"
    assert capfd.readouterr().err == expected


@pytest.mark.parametrize(
    "error",
    [RuntimeError("can't start new thread"), BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")],
    ids=["thread", "process"],
)
def test_a_thread_or_process_that_may_not_be_started_is_one_sentence(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    _command(monkeypatch, error)
    assert main(["store"]) == 1
    [sentence] = capfd.readouterr().err.splitlines()
    assert f"no more memory, threads or open files ({error}); what this command did before that stands" in sentence


def test_another_error_is_raised_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    _command(monkeypatch, RuntimeError("a fault of ours"))
    with pytest.raises(RuntimeError, match="a fault of ours"):
        main(["store"])


def test_ctrl_c_exits_130(monkeypatch: pytest.MonkeyPatch) -> None:
    _command(monkeypatch, KeyboardInterrupt())
    assert main(["store"]) == 130


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "carabin.cli.commands.store", None)
    assert main(["store"]) == 1
    assert "`carabin store` needs the package" in capfd.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_found_and_answers_help(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    assert f"carabin {name}" in capfd.readouterr().out
