"""The CUDA libraries that the locked wheels ask for are in the image and found, or are the driver's."""

import importlib.metadata
import re
from pathlib import Path

import ctranslate2

ROOT = Path(__file__).resolve().parents[2]
DRIVER = {"libcuda.so.1", "libnvidia-ml.so.1"}
"""Mounted in by the container toolkit."""
PROVIDED = {
    "nvidia-cublas-cu12": ("nvidia/cublas/lib", {"libcublas.so.12", "libcublasLt.so.12"}),
    "nvidia-cuda-nvrtc-cu12": ("nvidia/cuda_nvrtc/lib", {"libnvrtc.so.12"}),
}
"""What each wheel of the lock brings, and where (the wheels' own file lists)."""
CUBLAS_ASKS_FOR = {"libnvrtc.so.12"}
"""`libcublasLt.so.12` of 12.9 loads it by name when it compiles a kernel (strings of the locked wheel)."""


def locked() -> dict[str, str]:
    text = (ROOT / "requirements/ctranslate2-cuda.lock").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, flags=re.MULTILINE))


def asked_for() -> set[str]:
    """Return the CUDA libraries that the installed CTranslate2, the locked release, names."""
    folder = Path(ctranslate2.__file__).parent
    binaries = [*folder.glob("*.so*"), *folder.with_name("ctranslate2.libs").glob("libctranslate2*")]
    assert binaries
    named = rb"lib(?:cu|nv)[A-Za-z]*\.so(?:\.\d+)*"
    return {name.decode() for binary in binaries for name in re.findall(named, binary.read_bytes())}


def test_the_release_that_is_read_is_the_one_in_the_image() -> None:
    text = (ROOT / "requirements/transcriber.lock").read_text(encoding="utf-8")
    assert f"ctranslate2=={importlib.metadata.version('ctranslate2')} " in text


def test_every_library_is_provided_or_the_drivers() -> None:
    assert asked_for() >= {"libcublas.so.12", "libcuda.so.1"}
    brought = set().union(*(names for package, (_, names) in PROVIDED.items() if package in locked()))
    assert (asked_for() | CUBLAS_ASKS_FOR) - brought <= DRIVER


def test_every_wheels_folder_is_searched() -> None:
    dockerfile = (ROOT / "services/transcriber/Dockerfile").read_text(encoding="utf-8")
    [path] = re.findall(r"LD_LIBRARY_PATH=(\S+)", dockerfile)
    searched = {folder.partition("site-packages/")[2] for folder in path.split(":")}
    assert searched == {folder for folder, _ in PROVIDED.values()}
    assert set(PROVIDED) == set(locked())
