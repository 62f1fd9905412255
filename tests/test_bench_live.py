"""What bench/live.py counts, on dictations whose figures are known beforehand."""

import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest

BENCH = Path(__file__).parents[1] / "bench"


@pytest.fixture(autouse=True)
def bench_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCH))


def dictation(*events):
    """Return what was received: (when, final?, text) or (when, final?, text, end)."""
    from carabin.client import FinalText, PartialText
    from live_client import Received

    received = Received()
    for at_s, is_final, text, *end in events:
        end_s = end[0] if end else at_s
        if is_final:
            event = FinalText(len(received.events), 0.0, end_s, text, None, None, None)
        else:
            event = PartialText(0.0, end_s, text, 0, None, None, None)
        received.events.append((at_s, event))
    return received


def speaker(*sentences):
    """Return a speaker of (text, start, end)."""
    from live_audio import Speaker, Spoken

    spoken = [Spoken(text, start_s, end_s) for text, start_s, end_s in sentences]
    return Speaker(np.zeros(16_000, np.float32), spoken)


TWO = (("Pas de fracture visible.", 0.0, 2.0), ("Le foie est normal.", 2.2, 4.0))


def test_a_sentence_is_shown_with_its_words_less_one_and_final_when_those_are() -> None:
    from live_words import sentence_lags

    received = dictation(
        (1.0, False, " Pas de"),
        (2.3, False, " Pas de fracture"),
        (3.0, False, " Pas de fracture visible. Le foie"),
        (4.5, True, " Pas de fracture visible. Le foie est normal."),
    )
    shown, final = sentence_lags(speaker(*TWO), received)
    assert shown == pytest.approx([0.3, 0.5])
    assert final == pytest.approx([2.5, 0.5])


def test_a_sentence_that_is_not_in_the_transcript_is_never_shown() -> None:
    from live_words import sentence_lags

    shown, final = sentence_lags(speaker(*TWO), dictation((2.5, True, " Pas de fracture visible.")))
    assert shown == [pytest.approx(0.5), math.inf]
    assert final == [pytest.approx(0.5), math.inf]
    assert sentence_lags(speaker(*TWO), dictation()) == ([math.inf] * 2, [math.inf] * 2)


def test_words_that_a_partial_changes_are_counted_apart_from_those_that_a_final_changes() -> None:
    from live_words import revisions

    changed = revisions(
        dictation(
            (1.0, False, " Le foie"),
            (1.5, False, " La foi est"),  # two replaced
            (2.0, False, " La foi est normale"),  # one added
            (2.5, True, " La foi est normal."),  # one replaced, by a final
        )
    )
    assert (changed.in_partials, changed.by_finals) == (2, 1)
    assert changed.erased == 3


def test_the_screen_stands_still_from_one_change_to_the_next() -> None:
    from live_words import longest_still_s

    received = dictation((0.5, False, " Pas"), (1.0, False, " Pas"), (3.1, False, " Pas de"), (3.9, True, " Pas de."))
    assert longest_still_s(speaker(*TWO), received) == pytest.approx(2.6)


def test_the_peer_that_commits_text_becomes_finals_of_what_is_new() -> None:
    import asyncio

    import live_whisperlivekit
    from live_client import Received
    from live_measure import transcript

    def message(committed: str, end: str, buffer: str) -> str:
        return json.dumps({"lines": [{"text": committed, "end": end}], "buffer_transcription": buffer})

    async def socket():
        yield json.dumps({"type": "config"})
        yield message("", "0:00:00", " Pas de")
        yield message(" Pas de fracture", "0:00:01.50", " visible")
        yield message(" Pas de fracture visible.", "0:01:02.00", "")
        yield json.dumps({"type": "ready_to_stop"})
        raise AssertionError("nothing is read behind the end")

    received = Received()
    asyncio.run(live_whisperlivekit._read(socket(), received, 0.0))
    finals = [final for _, final in received.finals()]
    assert [(final.text, final.end_s) for final in finals] == [(" Pas de fracture", 1.5), (" visible.", 62.0)]
    assert [partial.text for _, partial in received.partials()] == [" Pas de", " visible"]
    assert transcript(received) == " Pas de fracture visible."


def test_the_gpus_table_names_a_step_that_failed_and_says_so_by_its_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import gpu_table

    row = {"size": "base", "compute_type": "int8", "load_s": 0.5, "encode_ms": 10.0, "decode_ms": 20.0}
    rows = [
        row | {"window_s": 10.0, "batch": 1, "batch_ms": 30.0},
        row | {"window_s": 10.0, "batch": 16, "batch_ms": 90.0},
    ]
    (tmp_path / "device.json").write_text(json.dumps(rows))
    (tmp_path / "live.json").write_text("")
    (tmp_path / "gpu.txt").write_text("a GPU, 80 GB\n")
    (tmp_path / "steps.tsv").write_text("device\t0\t30\nlive\t124\t180\n")
    monkeypatch.setattr(sys, "argv", ["gpu_table.py", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        gpu_table.main()
    printed = capsys.readouterr().out
    assert ended.value.code == 1
    assert "| base int8, 16 of 10 s | encoder 10.0 ms, decoder 20.0 ms |" in printed
    assert "| live: the step | 180 s, FAILED with 124 |" in printed
    assert gpu_table.batch_ms(tmp_path, "base") == 90.0
    assert gpu_table.batch_ms(tmp_path, "large-v3") == gpu_table.ASSUMED_BATCH_MS


def test_long_speech_is_counted_by_passages_with_pauses_between_them() -> None:
    from live_audio import AUDIBLE, PASSAGE_PAUSE_S, PASSAGE_S, speakers

    said = speakers("long", 2, 35.0, 1.0)
    for each in said:
        first, second = each.sentences
        assert PASSAGE_S <= first.end_s - first.start_s < PASSAGE_S + 15
        assert second.start_s - first.end_s == pytest.approx(PASSAGE_PAUSE_S, abs=0.01)
        quiet = each.samples[round(first.end_s * 16_000) : round(second.start_s * 16_000)]
        assert np.abs(quiet[1:-1]).max() < AUDIBLE
        assert first.text.count(".") > 1


def test_a_server_under_test_gets_no_number_of_threads_that_was_not_asked_for(tmp_path, monkeypatch):
    from live_process import ONE_THREAD, running

    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    command = [sys.executable, "-c", "import os; print(os.environ.get('OMP_NUM_THREADS'))"]
    for settings, threads in (({}, "None"), (ONE_THREAD, "1")):
        with running(command, tmp_path / "log", settings) as process:
            process.wait(30)
        assert (tmp_path / "log").read_text().strip() == threads
