"""`make e2e-kube`: the rendered dev-cpu overlay, played by Podman, from its bootstrap to the drain of a live dictation.

Images from the repository's Dockerfiles, bootstrap as a step of its own, a dataset, a training whose Job
`carabin train --kubernetes` prints, its export, a promotion from the tools pod, a dictation, a drain in the middle of
another, and a search of every log for a word of what was dictated. What a cluster does and Podman does not is printed
first. It needs Podman, Buildah, mmdebstrap and kubectl or kustomize; without them it says so and ends with 3, or with 0
where `--skip-is-fine` was given. Packages come from docker/wheels, and the store is SeaweedFS: no image registry is
needed. What it prints is the record.
"""

import json
import os
import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import kube_play
from e2e_cluster import Cluster, Overlay, renderer
from e2e_podman import build_images, hardened, podman
from e2e_steps import BIN, ROOT, Failed, carabin, dictation_file, gather_wheels, main, private, say, step, until

DATASET, RUN = "e2e", "e2e-1"
TRAINING = ("max_steps=1", "interpolation_weights=[1.0]", "evaluate_limit=2")
"""One step proves that the parts fit; it teaches nothing."""
WORD = re.compile(r"[^\W\d_]{5,}")
"""A word that is long enough not to stand in a log by chance."""


def whole_loop(cluster: Cluster, folder: Path) -> None:
    """Run every step."""
    overlay = cluster.overlay
    store = start_store(cluster)
    with step("bootstrap: the Job carabin-bootstrap, with the administrator's key"):
        cluster.wait_for_end(cluster.play(overlay.owner("Job", "carabin-bootstrap")))
    with step("exporter, transcriber, tools"):
        exporter, transcriber, tools = (
            cluster.play(overlay.owner("Deployment", f"carabin-{name}"))
            for name in ("exporter", "transcriber", "tools")
        )
        for container in (exporter, transcriber, tools):
            cluster.wait_for_probe(container, "startupProbe")
        if cluster.probe(transcriber, "readinessProbe"):
            raise Failed("a transcriber without a model says that it is ready")
    with step("each container is what its manifest says"):
        look_at(cluster, (store, exporter, transcriber, tools))
    with step("dataset"):
        make_dataset(cluster, folder / "dataset")
    with step(f"training {RUN}: the Job that `carabin train --kubernetes` prints"):
        train(cluster)
    with step("its export"):
        version = until("the export", lambda: newest_version(cluster, tools))
    with step(f"promote {version} in the tools pod"):
        words = ("--by", "e2e", "--force", "--reason", "the first of this run")
        cluster.engine("exec", tools, "carabin", "models", "promote", version, *words)
        cluster.wait_for_probe(transcriber, "readinessProbe")
    recording = dictation_file(folder / "dataset", folder / "dictation.wav")
    with step("dictate through the forwarded port"):
        said = dictation(cluster, recording, "--fast").communicate()[0]
        texts = finals(said, version)
    with step("drain in the middle of a dictation"):
        texts += drain(cluster, transcriber, recording, version)
    with step("no word of it in any log"):
        search_logs(cluster, folder / "dataset", texts)


def start_store(cluster: Cluster) -> str:
    """Start the object store under its Service's name, and wait for it."""
    with step("store: the StatefulSet object-store"):
        store = cluster.play(cluster.overlay.owner("StatefulSet", "object-store"))
        cluster.wait_for_probe(store, "startupProbe")
    return store


def look_at(cluster: Cluster, containers: tuple[str, ...]) -> None:
    """Require of each container the user, capabilities, root file system and memory of its manifest."""
    for container in containers:
        if wrong := hardened(cluster.engine, container, cluster.declared(container)):
            raise Failed(f"{container}: {'; '.join(wrong)}")
        memory = cluster.declared(container)["resources"]["limits"]["memory"]
        say(f"   {container}: user 10001, no capabilities, read-only root, no new privileges, {memory}")


def make_dataset(cluster: Cluster, folder: Path) -> None:
    """Speak a small dataset, in the store and in a folder."""
    spoken = ("dataset", "synthesize", "--corpus", "medical", "--name", DATASET, "--limit", "15", "--takes", "1")
    keys = store_keys(cluster, "admin")
    carabin(*spoken, **keys)
    carabin(*spoken, "--folder", str(folder), **keys)


def store_keys(cluster: Cluster, user: str) -> dict[str, str]:
    """Return what the `carabin` of this machine needs to be `user` at the forwarded port."""
    keys = {
        key: cluster.overlay.secret(f"store-{user}", key)
        for key in ("CARABIN_STORE_ACCESS_KEY", "CARABIN_STORE_SECRET_KEY")
    }
    return {"CARABIN_STORE_ENDPOINT": f"127.0.0.1:{cluster.port['s3']}", "CARABIN_STORE_SECURE": "false", **keys}


def train(cluster: Cluster) -> None:
    """Train one step by the Job that the CronJob and the command make."""
    form = json.dumps(cluster.overlay.owner("CronJob", "carabin-trainer"))
    settings = [word for setting in TRAINING for word in ("--set", setting)]
    job = carabin(
        "train", DATASET, "--run", RUN, "--batch-size", "2", "--no-evaluate", *settings, "--kubernetes", text=form
    )
    cluster.wait_for_end(cluster.play(json.loads(job)))


def newest_version(cluster: Cluster, tools: str) -> str | None:
    """Return the exported version, or None: the command calls it an error that there is none yet."""
    try:
        listed = json.loads(cluster.engine("exec", tools, "carabin", "models", "list", "--json"))
    except Failed:
        return None
    return str(listed[0]["version"]) if listed else None


def dictation(cluster: Cluster, recording: Path, pace: str) -> "subprocess.Popen[str]":
    """Begin a dictation with the client's key, through the forwarded port."""
    token = cluster.overlay.secret("transcriber-auth", "CARABIN_TRANSCRIBER_API_KEYS").partition(":")[2]
    server = f"ws://127.0.0.1:{cluster.port['http']}"
    command = [str(BIN / "carabin"), "dictate", str(recording), pace, "--json", "--quiet", "--server", server]
    return subprocess.Popen(command, env=os.environ | {"CARABIN_TOKEN": token}, stdout=subprocess.PIPE, text=True)


def finals(output: str, version: str) -> list[str]:
    """Return the finals of a dictation that is whole, all by one version."""
    said = json.loads(output)
    versions = {segment["model_version"] for segment in said["segments"]}
    if not said["complete"] or versions != {version}:
        raise Failed(f"the dictation is not complete, or not by {version}: {said}")
    say(f"   {len(said['segments'])} finals, complete, the first: {said['segments'][0]['text'].strip()!r}")
    return [segment["text"] for segment in said["segments"]]


def drain(cluster: Cluster, transcriber: str, recording: Path, version: str) -> list[str]:
    """End the transcriber while somebody dictates; return the finals, of which none may be missing."""
    speaking = dictation(cluster, recording, "--realtime")
    until("the session", lambda: True if open_sessions(cluster, transcriber) else None)
    drained_s = cluster.leave(transcriber)
    output, _ = speaking.communicate()
    say(f"   SIGTERM with a dictation open; it ended with 0 after {drained_s:.1f} s")
    return finals(output, version)


def open_sessions(cluster: Cluster, transcriber: str) -> int:
    """Return the transcriber's own count, from its port of metrics, which nothing forwards."""
    ask = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:9096/metrics', timeout=5).read().decode())"
    series = cluster.engine("exec", transcriber, "python", "-c", ask)
    return sum(
        int(float(count)) for count in re.findall(r"(?m)^carabin_transcriber_sessions(?:\{.*\})? (\S+)$", series)
    )


def search_logs(cluster: Cluster, dataset: Path, texts: list[str]) -> None:
    """Require that no log has a word of what was read aloud or written."""
    from carabin.trainer.data.dictations import load_split

    spoken = [dictation.sentence for split in ("train", "test") for dictation in load_split(dataset, split)]
    search_words(cluster, {word.lower() for text in (*spoken, *texts) for word in WORD.findall(text)})


def search_words(cluster: Cluster, words: set[str]) -> None:
    """Require that no container's log has one of the words."""
    for container in cluster.names():
        lines = cluster.logs(container)
        found = sorted(words & {word.lower() for word in WORD.findall(lines)})
        if found:
            raise Failed(f"the log of {container} has {found}")
        say(f"   {container}: {len(lines.splitlines())} lines, none of {len(words)} words")


def work(folder: Path, stack: ExitStack) -> None:
    """Build, render, say what Podman cannot, and run every step."""
    renderer()
    engine = stack.enter_context(podman(folder))
    with step("gather the locked wheels"):
        gather_wheels()
    with step("build the images"):
        build_images(engine, folder, ROOT / "docker/e2e/pip.conf")
    overlay = Overlay(folder)
    say("What a cluster does with this overlay and Podman does not:")
    for line in kube_play.limits_of_podman(overlay.manifests):
        say(f"   {line}")
    cluster = Cluster(engine, overlay)
    try:
        whole_loop(cluster, private(folder))
    except Exception:
        for container in cluster.names():
            say("\n".join([f"-- {container}", *cluster.logs(container).splitlines()[-40:]]))
        raise


if __name__ == "__main__":
    sys.exit(main("e2e-kube", str(__doc__), work))
