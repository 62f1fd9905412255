"""How many speakers one process carries with a pretended device: everything but the device is real.

    python bench/capacity.py                          # 50, 100, 200 and 400 speakers; about eight minutes
    python bench/capacity.py --clients 50 --seconds 30
    python bench/capacity.py --batch-ms 120           # a device half as fast

Sockets, voice activity detection, sessions, scheduling, mel spectrograms, tokenizer, formatting and messages are the
service's own. The engine computes each batch's features and then sleeps as long as a GPU of the stated speed would
take: the device's time is assumed, not measured. Speakers are silent half of the time. The clients run in processes
of their own; on a machine of two cores they take part of them, so the server's own CPU seconds are what counts.
"""

import argparse
import asyncio
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from carabin.trainer.models.embedded import install_base_model
from live_audio import Speaker, speakers
from live_client import Received, dictate_all
from live_process import Process, server_process
from rows import table

VOICES = 8
"""Different recordings, shared out among the speakers: more would only cost time before the run."""
CLIENTS_A_PROCESS = 50
TAIL_S = 3.0
COLUMNS = ("speakers", "final p50/p95", "never final", "server's cores", "MB a speaker", "batches' mean size")


def main() -> None:
    arguments = _parse()
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        model = install_base_model(Path(scratch) / "base")
        voices = speakers("pauses", VOICES, max(2, round(arguments.seconds / 7)), TAIL_S)
        for n in arguments.clients:
            command = [str(Path(__file__).with_name("capacity_server.py")), str(model), str(arguments.port)]
            command += [str(arguments.batch_ms), str(arguments.batch)]
            with server_process([sys.executable, *command], arguments.port, Path(scratch) / "log") as server:
                rows.append(_run(server, n, voices))
            sys.stderr.write(f"{n} speakers: done\n")
    _print(rows, arguments)


def _run(server: Process, n: int, voices: Sequence[Speaker]) -> dict[str, float]:
    before_mb, before_s, started = server.resident_mb(), server.cpu_s(), time.monotonic()
    shares = [list(range(n))[i : i + CLIENTS_A_PROCESS] for i in range(0, n, CLIENTS_A_PROCESS)]
    peak_mb = before_mb
    with ProcessPoolExecutor(len(shares), mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = [pool.submit(_dictate, server.url, [voices[i % len(voices)] for i in share]) for share in shares]
        while not all(future.done() for future in futures):
            peak_mb = max(peak_mb, server.resident_mb())
            time.sleep(0.5)
        received = [each for future in futures for each in future.result()]
    wall_s = time.monotonic() - started
    lags = [at - final.end_s for each in received for at, final in each.finals()]
    return {
        "speakers": n,
        "final_p50_s": float(np.percentile(lags, 50)),
        "final_p95_s": float(np.percentile(lags, 95)),
        "never_final": sum(not each.finals() or bool(each.error) for each in received),
        "cores": (server.cpu_s() - before_s) / wall_s,
        "mb_a_speaker": (peak_mb - before_mb) / n,
        "mean_batch": server.metric("carabin_transcriber_batch_size_sum")
        / max(1.0, server.metric("carabin_transcriber_batch_size_count")),
    }


def _dictate(url: str, said: list[Speaker]) -> list[Received]:
    return asyncio.run(dictate_all(url, said))


def _print(rows: list[dict[str, float]], arguments: argparse.Namespace) -> None:
    if arguments.json:
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
        return
    sys.stdout.write(f"a batch of at most {arguments.batch} takes the pretended device {arguments.batch_ms:g} ms\n\n")
    cells = (
        (
            f"{row['speakers']}", f"{row['final_p50_s']:.2f} / {row['final_p95_s']:.2f} s", f"{row['never_final']}",
            f"{row['cores']:.2f}", f"{row['mb_a_speaker']:.1f}", f"{row['mean_batch']:.1f}",
        )
        for row in rows
    )  # fmt: skip
    sys.stdout.write(table(COLUMNS, cells))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, nargs="+", default=[50, 100, 200, 400], help="numbers of speakers")
    parser.add_argument("--seconds", type=float, default=60, help="that each one dictates, about")
    parser.add_argument("--batch-ms", type=float, default=60, help="what a batch takes the pretended device")
    parser.add_argument("--batch", type=int, default=16, help="requests in a batch at the most")
    parser.add_argument("--port", type=int, default=19490)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
