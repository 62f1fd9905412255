"""Live dictation: ours beside whisper-live and WhisperLiveKit as published, with the same model files and audio.

    python bench/live.py             # pauses and continuous speech, 1, 4 and 8 speakers; about an hour
    python bench/live.py --quick     # 1 and 4 speakers, less speech; about ten minutes
    python bench/live.py --peers whisper-live     # without WhisperLiveKit, which downloads a torch of its own
    python bench/live.py --ours      # without a peer
    python bench/live.py --playlist DIR --scenarios continuous   # your own speech: NAME.wav beside NAME.txt

Speakers dictate French sentences of our corpus in a synthetic voice, in real time over the WhisperLive protocol:
with `pauses` they are silent half of the time, with `continuous` they speak for a minute with 0.15 to 0.3 s between
sentences, with `long` in passages of 20 s, each counted as one sentence, and pauses of 5 s. First text is counted
from the first sound of a sentence, the final from its last. What is fair to every protocol is counted by the words
of each spoken sentence (live_words.py). One server runs at a time. `offline` is faster-whisper itself, beam 5, on
each speaker's whole recording; `health` is how long `/livez` takes to answer meanwhile, asked twice a second. A
stock base mishears a synthetic voice: for word errors name a fine-tuned --model.
"""

import argparse
import asyncio
import itertools
import os
import sys
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path

import jiwer
import live_whisperlivekit
from carabin.trainer.models.embedded import install_base_model
from carabin.trainer.text.normalize import normalize
from faster_whisper import WhisperModel
from live_audio import SCENARIOS, Scenario, Speaker, speakers
from live_client import Received, dictate_all
from live_measure import measure
from live_process import Process, health_answers, install_peer, our_server, peer_server
from live_table import print_rows

OUR_TAIL_S, PEER_TAIL_S = 4.0, 25.0
"""Silence that is sent at the end: whisper-live makes text final by decoding it many times."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A server of others: how it is installed, run and spoken to."""

    name: str
    install: Callable[[Path], Path]
    server: Callable[[Path, int, Path, Path], AbstractContextManager[Process]]
    dictate_all: Callable[[str, Sequence[Speaker]], Coroutine[None, None, list[Received]]]
    tail_s: float


PEERS = {
    "whisper-live": Peer("whisper-live 0.10.0", install_peer, peer_server, dictate_all, PEER_TAIL_S),
    "whisperlivekit": Peer(
        f"WhisperLiveKit {live_whisperlivekit.VERSION}", live_whisperlivekit.install, live_whisperlivekit.server,
        live_whisperlivekit.dictate_all, OUR_TAIL_S,
    ),
}  # fmt: skip
PEER_FOLDER = Path("data/bench")

SPEECH_S, QUICK_SPEECH_S = 60.0, 30.0
"""What each speaker of the scenario `continuous` speaks."""


def main() -> None:
    arguments = _parse()
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        model = arguments.model or install_base_model(Path(scratch) / "base")
        peers = [(PEERS[name], PEERS[name].install((PEER_FOLDER / name).absolute())) for name in arguments.peers]
        for scenario, n in itertools.product(arguments.scenarios, arguments.clients):
            log = Path(scratch) / "server.log"
            said = _speakers(arguments, scenario, n, OUR_TAIL_S)
            with our_server(arguments.port, log, model_dir=str(model)) as server:
                rows.append(_run("ours", scenario, server, said, dictate_all))
            rows[-1] |= offline(model, said)
            for peer, python in peers:
                said = _speakers(arguments, scenario, n, peer.tail_s)
                with peer.server(python, arguments.port, model, log) as server:
                    rows.append(_run(peer.name, scenario, server, said, peer.dictate_all))
    print_rows(rows, as_json=arguments.json)


def _speakers(arguments: argparse.Namespace, scenario: Scenario, n: int, tail_s: float) -> list[Speaker]:
    size = arguments.sentences if scenario == "pauses" else arguments.seconds
    return speakers(scenario, n, size, tail_s, corpus=arguments.corpus, playlist=arguments.playlist)


def _run(
    name: str,
    scenario: Scenario,
    server: Process,
    said: Sequence[Speaker],
    dictate: Callable[[str, Sequence[Speaker]], Coroutine[None, None, list[Received]]],
) -> dict[str, object]:
    before_s = server.cpu_s()
    with health_answers(server) as answers_s:
        received = asyncio.run(dictate(server.url, said))
    figures = measure(said, received)
    audio_s = sum(speaker.duration_s for speaker in said)
    cost = {"cpu_per_audio_s": (server.cpu_s() - before_s) / audio_s, "peak_mb": server.peak_mb()}
    sys.stderr.write(f"{name}, {scenario}, {len(said)} speakers: done\n")
    return {
        "server": name, "scenario": scenario, "clients": len(said), **asdict(figures), **cost, "health_s": answers_s,
    }  # fmt: skip


def offline(model: Path, said: Sequence[Speaker]) -> dict[str, float]:
    """Return word error rate and deleted words of a beam-5 decode of each whole recording."""
    whisper = WhisperModel(str(model), device="cpu", compute_type="int8", cpu_threads=os.cpu_count() or 1)
    received = []
    for speaker in said:
        segments, _ = whisper.transcribe(speaker.samples, language="fr", beam_size=5, vad_filter=True)
        received.append(normalize("".join(segment.text for segment in segments)) or "∅")
    spoken = [normalize(" ".join(s.text for s in speaker.sentences)) for speaker in said]
    measured = jiwer.process_words(spoken, received)
    return {"offline_wer": measured.wer, "offline_words_lost": measured.deletions}


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="1 and 4 speakers, three sentences or 30 s each")
    parser.add_argument(
        "--scenarios", nargs="+", choices=SCENARIOS, default=["pauses", "continuous"], help="by default the first two"
    )
    parser.add_argument("--corpus", choices=("medical", "general"), default="medical", help="sentences of ours")
    parser.add_argument("--playlist", type=Path, help="folder of NAME.wav and NAME.txt to be spoken instead")
    parser.add_argument(
        "--seconds", type=float, help="that each speaker speaks in the scenarios `continuous` and `long`"
    )
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS), help="by default both")
    parser.add_argument("--ours", dest="peers", action="store_const", const=[], help="without a peer")
    parser.add_argument("--clients", type=int, nargs="+", help="numbers of speakers")
    parser.add_argument("--sentences", type=int, help="of each speaker in the scenario `pauses`")
    parser.add_argument("--model", type=Path, help="CTranslate2 folder; by default Whisper base")
    parser.add_argument("--port", type=int, default=19190)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    arguments.clients = arguments.clients or ([1, 4] if arguments.quick else [1, 4, 8])
    arguments.sentences = arguments.sentences or (3 if arguments.quick else 8)
    arguments.seconds = arguments.seconds or (QUICK_SPEECH_S if arguments.quick else SPEECH_S)
    return arguments


if __name__ == "__main__":
    main()
