"""`make release-check`: build what a release consists of, and print what is left for a maintainer.

It checks versions and notes, builds every wheel, writes a bill of materials for each image (CycloneDX, by the package
cyclonedx-bom), and builds the images where a container engine with compose answers. Where none does it says so and ends
with 3, or with 0 where `--skip-images` was given; anything that is wrong ends with 1. `--stand-in-base FOLDER` builds
the CPU images as `make e2e-compose` does, which shows that they build and makes none to push. It signs, tags and
uploads nothing.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import e2e_engine
import versions
from e2e_stack import Stack
from e2e_steps import Failed, NoEngine, gather_wheels

ROOT = Path(__file__).resolve().parents[1]
CYCLONEDX = "cyclonedx-bom==7.5.0"
"""Run by uv in an environment of its own: nothing of ours imports it."""
PROJECTS = ("libs/*/pyproject.toml", "services/*/pyproject.toml", "cli/pyproject.toml")
DISTRIBUTIONS = tuple(sorted(path.parent for pattern in PROJECTS for path in ROOT.glob(pattern)))
ENGINES = ("docker", "podman")
ASKED = (("info",), ("compose", "version"))
"""What an engine answers that can build all images of docker-compose.yml; Podman 4.3, say, has no compose."""
BUILD = ("compose", "--profile", "*", "build")
NO_ENGINE = 3


def say(text: str) -> None:
    """Write a line at once, so that it stands before what the next program writes."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def notes_missing(version: str, root: Path = ROOT) -> list[str]:
    """Return one sentence for each of the two documents that says nothing of `version` or of what is unreleased."""
    missing = []
    for name in ("CHANGELOG.md", "docs/upgrading.md"):
        sections = re.split(r"^## ", (root / name).read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
        titled = {section.partition("\n")[0].split()[0].strip("[]"): section.partition("\n")[2] for section in sections}
        if not titled.get(version, titled.get("Unreleased", "")).strip():
            missing.append(f"{name}: neither a section {version} nor one Unreleased says anything")
    return missing


def build_wheels(out: Path, distributions: Sequence[Path] = DISTRIBUTIONS) -> list[Path]:
    """Build a wheel of each distribution into `out`, and return them.

    Raises:
        subprocess.CalledProcessError: one cannot be built; uv has said why.
    """
    for distribution in distributions:
        command = [sys.executable, "-m", "uv", "build", "--quiet", "--wheel", "--out-dir", str(out)]
        subprocess.run([*command, str(distribution)], check=True)
    return sorted(out.glob("*.whl"))


def wheel_problems(wheels: Sequence[Path], version: str) -> list[str]:
    """Return one sentence for each wheel of another version, or without the marker of its types."""
    problems = []
    for wheel in wheels:
        if wheel.name.split("-")[1] != version:
            problems.append(f"{wheel.name}: not of version {version}")
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
        if not any(name.endswith("/py.typed") for name in names):
            problems.append(f"{wheel.name}: no py.typed")
    return problems


def write_bills(out: Path, locks: Sequence[Path]) -> list[Path]:
    """Write the bill of materials of each lock, `<image>.cdx.json`, and return them.

    Raises:
        subprocess.CalledProcessError: cyclonedx-py cannot be run, or cannot read a lock; it has said why.
    """
    bills = []
    for lock in locks:
        bill = out / f"{lock.stem}.cdx.json"
        tool = [sys.executable, "-m", "uv", "tool", "run", "--quiet", "--from", CYCLONEDX, "cyclonedx-py"]
        options = ["--output-reproducible", "--output-format", "JSON", "--output-file", str(bill)]
        subprocess.run([*tool, "requirements", *options, str(lock)], check=True)
        bills.append(bill)
    return bills


def bill_problems(bill: Path, lock: Path) -> list[str]:
    """Return one sentence for each package of the lock that its bill does not name with its version."""
    components = json.loads(bill.read_text(encoding="utf-8"))["components"]
    named = {f"{component['name'].lower()}=={component['version']}" for component in components}
    locked = re.findall(r"^([\w.-]+)(?:\[[^]]*\])?==(\S+)", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)
    pins = [f"{name}=={version}" for name, version in locked]
    return [f"{bill.name}: {pin} is missing" for pin in pins if pin.lower() not in named]


def engine() -> tuple[str, tuple[str, ...]] | None:
    """Return the name of a container engine that answers and the command that builds the images, or None."""
    for name in ENGINES:
        if shutil.which(name) and all(_answers(name, *arguments) for arguments in ASKED):
            return name, (name, *BUILD)
    return None


def _answers(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def build_images() -> bool:
    """Build every image where an engine answers; False where none does.

    Raises:
        subprocess.CalledProcessError: one cannot be built; the engine has said why.
    """
    found = engine()
    if found is None:
        return False
    say(f"images: built by {found[0]}")
    subprocess.run(found[1], cwd=ROOT, check=True)
    return True


def build_stand_ins(folder: Path) -> None:
    """Build every CPU image on a base of Debian's packages, by an engine that keeps its layers in `folder`.

    Raises:
        NoEngine: none answers and none can be started, or there is no base image; with the reason.
        Failed: one cannot be built.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with e2e_engine.engine(folder) as environment:
        environment["PYTHON_IMAGE"] = e2e_engine.base_image(folder, environment)
        gather_wheels()
        Stack(folder, environment).compose("--profile", "train", "--profile", "tools", "build")


def left_to_do(version: str, out: Path, built: bool) -> str:
    """Return what nobody but a maintainer can do, in its order."""
    images = versions.versions()["images"]
    suffixes = {name: [f"-{variant}" for variant in variants] or [""] for name, variants in images.items()}
    tags = [f"carabin/{name}:{version}{suffix}" for name, each in suffixes.items() for suffix in each]
    steps = [
        *([] if built else ["build the images on a machine with a container engine: make release-check there"]),
        f"CHANGELOG.md and docs/upgrading.md: call `Unreleased` {version}, with the day",
        "proto/baseline.binpb: buf build -o proto/baseline.binpb, once what is served is what was released",
        "make test, make e2e-compose, make e2e-kube, make soak, and the benches whose figures the documents name",
        f"git tag --sign v{version}, and push it",
        f"push the images ({', '.join(tags)}), sign each by its digest: cosign sign REGISTRY/IMAGE@DIGEST",
        f"attach {out}/*.cdx.json: cosign attest --type cyclonedx --predicate IMAGE.cdx.json REGISTRY/IMAGE@DIGEST",
        "in your sites' overlays: `digest` in place of `newTag`",
        f"upload {out}/*.whl where your sites install from",
    ]
    numbered = "".join(f"  {number}. {step}\n" for number, step in enumerate(steps, 1))
    return f"What is left, none of which this script does:\n{numbered}"


def main(arguments: list[str] | None = None) -> int:
    """Check and build; 0, 1 with what is wrong, or 3 where no image could be built."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--out", type=Path, default=ROOT / "dist", help="folder of wheels and bills; older ones in it are deleted"
    )
    parser.add_argument("--skip-images", action="store_true", help="end with 0 where no container engine answers")
    parser.add_argument(
        "--stand-in-base", type=Path, metavar="FOLDER", help="build the CPU images on a base of Debian's packages too"
    )
    options = parser.parse_args(arguments)
    version = versions.versions()["release"]["version"]
    problems = [*versions.mismatches(), *notes_missing(version)]
    options.out.mkdir(parents=True, exist_ok=True)
    for old in (*options.out.glob("*.whl"), *options.out.glob("*.cdx.json")):
        old.unlink()
    locks = [ROOT / f"requirements/{image}.lock" for image in versions.versions()["images"]]
    try:
        wheels = build_wheels(options.out)
        bills = write_bills(options.out, locks)
        built = build_images()
        if options.stand_in_base:
            build_stand_ins(options.stand_in_base.absolute())
    except (NoEngine, Failed) as reason:
        say(f"release-check: images on the stand-in base: {reason}")
        return NO_ENGINE if isinstance(reason, NoEngine) else 1
    except subprocess.CalledProcessError as error:
        say(f"release-check: {' '.join(map(str, error.cmd[:6]))} ... ended with {error.returncode}")
        return 1
    problems += wheel_problems(wheels, version)
    for bill, lock in zip(bills, locks, strict=True):
        problems += bill_problems(bill, lock)
    for sentence in problems:
        say(f"WRONG: {sentence}")
    say(f"{len(wheels)} wheels and {len(bills)} bills of materials of {version} in {options.out}")
    if options.stand_in_base:
        say("images: every CPU image was built on the stand-in base; none of them is to be pushed")
    if not built:
        say("IMAGES NOT BUILT: no container engine with compose answers here")
    say(left_to_do(version, options.out, built).rstrip())
    return 1 if problems else 0 if built or options.skip_images or options.stand_in_base else NO_ENGINE


if __name__ == "__main__":
    sys.exit(main())
