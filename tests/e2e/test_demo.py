"""What the demo promises: one unbroken dictation, two models, and nothing left running."""

import re
import signal
import socket
import subprocess
from pathlib import Path

import psutil

from .conftest import CARABIN, Site, own_environment

START_LIMIT_S = 120


def test_one_unbroken_dictation_is_written_by_both_models_and_every_sentence_arrives(site: Site) -> None:
    report = site.report
    assert report["connections"] == 1
    assert report["switches"] == [report["tuned"]]
    writers = [line["model_version"] for line in report["lines"]]
    swap = writers.index(report["tuned"])
    assert set(writers[:swap]) == {report["stock"]}
    assert set(writers[swap:]) == {report["tuned"]}
    assert len(report["lines"]) >= report["spoken"]
    assert all(line["text"].strip() for line in report["lines"])


def test_its_figures_come_from_sentences_that_no_model_trained_on(site: Site) -> None:
    metrics = site.report["metrics"]
    assert {"wer", "stock_wer", "term_recall", "stock_term_recall", "general_wer", "stock_general_wer"} <= set(metrics)
    assert metrics["wer"] < metrics["stock_wer"]


def test_its_table_has_four_columns_and_the_lexicon_finds_terms_that_the_models_miss(site: Site) -> None:
    columns = site.report["columns"]
    assert list(columns) == ["stock", "stock with lexicon", "fine-tuned", "fine-tuned with lexicon"]
    assert columns["stock with lexicon"]["term_recall"] > columns["stock"]["term_recall"]
    assert "On day one" in site.printed


def test_nothing_is_forced_past_the_guard_and_the_lexicon_comes_in_mid_dictation(site: Site) -> None:
    assert "--force" not in site.printed
    assert "$ carabin lexicon promote" in site.printed
    before = site.report["lines"][0]
    assert before["lexicon"] == []


def test_every_step_says_its_command_and_its_time(site: Site) -> None:
    assert len(re.findall(r"^\d\. ", site.printed, re.MULTILINE)) == 8
    assert len(re.findall(r"done in \d+ s", site.printed)) == 8
    assert "$ carabin train demo-quick@" in site.printed


def test_nothing_of_it_runs_afterwards(site: Site) -> None:
    assert _processes_of(site.data) == []


def _let_interrupts_through() -> None:
    """Undo what a shell sets for what it runs in the background, perhaps these tests: that SIGINT is ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_an_interrupt_leaves_nothing_running(tmp_path: Path) -> None:
    demo = subprocess.Popen(
        [*CARABIN, "demo", "--quick", "--port", "0"],
        env=own_environment(tmp_path),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_let_interrupts_through,
    )
    assert demo.stdout is not None
    for line in demo.stdout:
        if line.startswith("2. "):
            break
    assert _processes_of(tmp_path) != []
    demo.send_signal(signal.SIGINT)
    assert demo.wait(START_LIMIT_S) == 130
    demo.stdout.close()
    assert _processes_of(tmp_path) == []


def test_a_port_in_use_is_named_before_anything_is_started(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        demo = subprocess.run(
            [*CARABIN, "demo", "--quick", "--port", str(port)],
            env=own_environment(tmp_path),
            capture_output=True,
            text=True,
        )
    assert demo.returncode == 1
    assert str(port) in demo.stderr
    assert "Traceback" not in demo.stderr
    assert list(tmp_path.iterdir()) == []


def _processes_of(data: Path) -> list[str]:
    """Command lines that name the data folder, of processes that are not merely waiting to be reaped."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        command = " ".join(process.info["cmdline"] or ())
        if str(data) in command and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(command)
    return found
