"""`make e2e-compose`: build the CPU images, run the compose stack, and dictate to it across a change of model.

Dataset, one-step training, export, promotion, a WhisperLive dictation over the published port, a second model promoted
while somebody dictates, down. It needs a container engine: a running one, or Debian's docker.io, which it starts for
itself as root. Without one it says so and ends with 3, or with 0 where `--skip-is-fine` was given. It makes its base
image with mmdebstrap, takes every package from docker/wheels, and uses SeaweedFS as the store: no image registry
is needed. What it prints is the record.
"""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import e2e_engine
from e2e_stack import Stack
from e2e_steps import BIN, Failed, carabin, dictation_file, gather_wheels, main, private, say, step, until

MODEL, DATASET = "carabin", "e2e"


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
        try:
            listed = carabin("models", "list", "--json", "--model", MODEL, **stack.store("promoter"))
        except Failed:
            if known:
                raise
            return None  # the command calls it an error that there is no version yet
        fresh = [row["version"] for row in json.loads(listed) if row["version"] not in known]
        return fresh[0] if fresh else None

    return until(f"the export of {run_name}", exported)


def promote(stack: Stack, version: str, reason: str) -> None:
    """Promote with the operator's own container and key, as an operator would."""
    stack.compose("--profile", "tools", "run", "--rm", "tools", "models", "promote", version, "--model", MODEL,
                  "--by", "e2e", "--force", "--reason", reason)  # fmt: skip


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
            spoken = ["dataset", "synthesize", "--corpus", "medical", "--name", DATASET]
            spoken += ["--limit", "15", "--takes", "1"]
            carabin(*spoken, **stack.store("admin"))
            carabin(*spoken, "--folder", str(folder / "dataset"), **stack.store("admin"))
        with step("train one step and export it"):
            first = train_and_export(stack, set(), 1)
        with step(f"promote {first} and wait for the transcriber"):
            promote(stack, first, "the first of this run")
            until("the first load", lambda: True if ready_version() == first else None)
        recording = dictation_file(folder / "dataset", folder / "dictation.wav")
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


def work(folder: Path, stack: ExitStack) -> None:
    """Bring an engine and a base image, then run every step."""
    environment = stack.enter_context(e2e_engine.engine(folder))
    environment["PYTHON_IMAGE"] = e2e_engine.base_image(folder, environment)
    with step("gather the locked wheels"):
        gather_wheels()
    whole_loop(Stack(folder, environment), private(folder))


if __name__ == "__main__":
    sys.exit(main("e2e-compose", str(__doc__), work))
