"""Live dictation: ours beside the published whisper-live server, same machine, same model files, same audio.

    python bench/live.py             # 1, 4 and 8 speakers; about twenty minutes
    python bench/live.py --quick     # 1 and 4 speakers, three sentences each; about four minutes
    python bench/live.py --ours      # without the peer

Speakers dictate French sentences of our corpus in a synthetic voice, in real time over the WhisperLive protocol, and
are silent half of the time. First text is counted from the first sound of a sentence, the final from its last. One
server runs at a time. `offline` is faster-whisper itself, beam 5, on each speaker's whole recording; `health` is how
long `/livez` takes to answer meanwhile, asked twice a second.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median

import jiwer
from carabin.trainer.models.embedded import install_base_model
from carabin.trainer.text.normalize import normalize
from faster_whisper import WhisperModel
from live_audio import Speaker, speakers
from live_client import dictate_all
from live_measure import Figures, measure
from live_process import Process, health_answers, install_peer, our_server, peer_server

OUR_TAIL_S, PEER_TAIL_S = 4.0, 25.0
"""Silence that is sent at the end: the published server makes text final by hearing it many times."""
PEER_FOLDER = Path("data/bench/whisper-live")

COLUMNS = ("server", "N", "first p50/p95", "final p50/p95", "never final", "words lost", "WER", "changed/100",
           "CPU s/audio s", "peak MB", "health p50/max")  # fmt: skip


def main() -> None:
    arguments = _parse()
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        model = arguments.model or install_base_model(Path(scratch) / "base")
        peer = None if arguments.ours else install_peer(PEER_FOLDER.absolute())
        for n in arguments.clients:
            log = Path(scratch) / f"{n}.log"
            with our_server(arguments.port, log, model_dir=str(model)) as server:
                said = speakers(n, arguments.sentences, OUR_TAIL_S)
                rows.append(_run("ours", server, said))
            rows[-1] |= offline(model, said)
            _say(rows[-1])
            if peer is not None:
                with peer_server(peer, arguments.port, model, log) as server:
                    rows.append(_run("whisper-live 0.10.0", server, speakers(n, arguments.sentences, PEER_TAIL_S)))
                _say(rows[-1])
    _print(rows, arguments.json)


def _run(name: str, server: Process, said: Sequence[Speaker]) -> dict[str, object]:
    before_s = server.cpu_s()
    with health_answers(server) as answers_s:
        heard = asyncio.run(dictate_all(server.url, said))
    figures = measure(said, heard)
    audio_s = sum(speaker.duration_s for speaker in said)
    cost = {"cpu_per_audio_s": (server.cpu_s() - before_s) / audio_s, "peak_mb": server.peak_mb()}
    return {"server": name, "clients": len(said), **asdict(figures), **cost, "health_s": answers_s}


def offline(model: Path, said: Sequence[Speaker]) -> dict[str, float]:
    """Return word error rate and deleted words of a beam-5 decode of each whole recording."""
    whisper = WhisperModel(str(model), device="cpu", compute_type="int8", cpu_threads=os.cpu_count() or 1)
    heard = []
    for speaker in said:
        segments, _ = whisper.transcribe(speaker.samples, language="fr", beam_size=5, vad_filter=True)
        heard.append(normalize("".join(segment.text for segment in segments)) or "∅")
    spoken = [normalize(" ".join(s.text for s in speaker.sentences)) for speaker in said]
    measured = jiwer.process_words(spoken, heard)
    return {"offline_wer": measured.wer, "offline_words_lost": measured.deletions}


def _say(row: dict[str, object]) -> None:
    sys.stderr.write(f"{row['server']}, {row['clients']} speakers: done\n")


def _print(rows: list[dict[str, object]], as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
        return
    sys.stdout.write("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS) + "\n")
    for row in rows:
        sys.stdout.write("| " + " | ".join(_cells(row)) + " |\n")
    for row in rows:
        if "offline_wer" in row:
            sys.stdout.write(
                f"N = {row['clients']}: streamed {100 * row['word_error_rate']:.1f} % WER, {row['words_lost']} words"
                f" lost; offline beam 5 {100 * row['offline_wer']:.1f} %, {row['offline_words_lost']} words lost\n"
            )


def _cells(row: dict[str, object]) -> tuple[str, ...]:
    figures = Figures(**{name: row[name] for name in Figures.__dataclass_fields__})
    return (
        str(row["server"]),
        str(row["clients"]),
        f"{figures.first_partial_p50_s:.2f} / {figures.first_partial_p95_s:.2f} s",
        f"{figures.final_p50_s:.2f} / {figures.final_p95_s:.2f} s",
        f"{figures.never_final} of {figures.sentences}",
        f"{figures.words_lost} of {figures.words}",
        f"{100 * figures.word_error_rate:.1f} %",
        f"{figures.changed_per_100:.1f}",
        f"{row['cpu_per_audio_s']:.2f}",
        f"{row['peak_mb']:.0f}",
        _health(row["health_s"]),
    )


def _health(answers_s) -> str:
    return f"{1000 * median(answers_s):.0f} / {1000 * max(answers_s):.0f} ms" if answers_s else "–"


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="1 and 4 speakers with three sentences each")
    parser.add_argument("--ours", action="store_true", help="without the published server")
    parser.add_argument("--clients", type=int, nargs="+", help="numbers of speakers")
    parser.add_argument("--sentences", type=int, help="sentences of each speaker")
    parser.add_argument("--model", type=Path, help="CTranslate2 folder; by default Whisper base")
    parser.add_argument("--port", type=int, default=19190)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    arguments.clients = arguments.clients or ([1, 4] if arguments.quick else [1, 4, 8])
    arguments.sentences = arguments.sentences or (3 if arguments.quick else 8)
    return arguments


if __name__ == "__main__":
    main()
