"""The GPU: its driver and compute capability against what the locked wheels were built for, and a decode on it.

The figures are those of docs/operations.md, read from the wheels that are locked.
"""

import ctypes
import importlib
import importlib.util
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from .report import Checked, Health

QUERY: Final = (
    "nvidia-smi",
    "--query-gpu=name,driver_version,compute_cap,memory.free",
    "--format=csv,noheader,nounits",
)

CTRANSLATE2_LEAST: Final = (5, 3)
CTRANSLATE2_COMPILED: Final = (8, 9)
"""Up to here the wheel holds machine code (8.6's runs on 8.9); above, the driver compiles its PTX at the start."""
CTRANSLATE2_JIT_DRIVER: Final = 570
CTRANSLATE2_DRIVER: Final = 525
"""CUDA 12's least driver."""
TORCH_LEAST, TORCH_MOST, TORCH_DRIVER = (7, 5), (12, 1), 580
"""torch 2.13 for CUDA 13.0."""

REMEDY: Final = "install the driver and the container toolkit; on k3s and RKE2 set runtimeClassName: nvidia"

CTRANSLATE2_LIBRARIES: Final = ("libcublas.so.12", "libcublasLt.so.12", "libnvrtc.so.12")


@dataclass(frozen=True, slots=True)
class Gpu:
    """One device as nvidia-smi describes it."""

    name: str
    driver: int
    """The driver's major version."""
    capability: tuple[int, int]
    free_mib: int


def read_gpus(run: Callable[..., Any] = subprocess.run) -> list[Gpu]:
    """Return the devices that the driver shows here; none where there is no driver.

    Raises:
        ValueError: nvidia-smi fails or writes something else.
    """
    try:
        done = run(QUERY, capture_output=True, text=True, check=False, timeout=30)
    except FileNotFoundError:
        return []
    if done.returncode != 0:
        raise ValueError(f"nvidia-smi ends with code {done.returncode}: {(done.stdout + done.stderr).strip()[:200]}")
    return [parse_gpu(line) for line in done.stdout.splitlines() if line.strip()]


def parse_gpu(line: str) -> Gpu:
    """Read one line of nvidia-smi's answer to `QUERY`."""
    fields = [field.strip() for field in line.split(",")]
    try:
        name, driver, capability, free = fields
        major, _, minor = capability.partition(".")
        return Gpu(name, int(driver.split(".")[0]), (int(major), int(minor)), int(free))
    except ValueError as error:
        raise ValueError(f"nvidia-smi writes {line!r}, which is not name, driver, capability, free memory") from error


def judge_ctranslate2(gpu: Gpu) -> Checked:
    """Say whether the transcriber's library runs on this device."""
    name = f"CTranslate2 on {gpu.name}"
    least = CTRANSLATE2_DRIVER if gpu.capability <= CTRANSLATE2_COMPILED else CTRANSLATE2_JIT_DRIVER
    if gpu.capability < CTRANSLATE2_LEAST:
        return Checked(name, Health.FAILED, f"compute capability {_dotted(gpu.capability)} is below 5.3", "use the CPU")
    if gpu.driver < least:
        return Checked(
            name, Health.FAILED, f"driver {gpu.driver} is older than {least}", f"install driver {least} or newer"
        )
    if gpu.capability > CTRANSLATE2_COMPILED and not os.environ.get("CUDA_CACHE_PATH"):
        return Checked(
            name, Health.WARNING, "the driver compiles its kernels at each start of a pod",
            "set CUDA_CACHE_PATH to a folder on the models' volume",
        )  # fmt: skip
    return Checked(name, Health.OK, f"compute capability {_dotted(gpu.capability)}, driver {gpu.driver}")


def judge_torch(gpu: Gpu) -> Checked:
    """Say whether the trainer's library runs on this device."""
    name = f"torch on {gpu.name}"
    if not TORCH_LEAST <= gpu.capability <= TORCH_MOST:
        return Checked(
            name, Health.FAILED, f"compute capability {_dotted(gpu.capability)} is not between 7.5 and 12.1",
            "train on a Turing or newer card: V100 and P100 are not in this build",
        )  # fmt: skip
    if gpu.driver < TORCH_DRIVER:
        return Checked(name, Health.FAILED, f"driver {gpu.driver} is older than {TORCH_DRIVER}", "install 580 or newer")
    return Checked(name, Health.OK, f"compute capability {_dotted(gpu.capability)}, driver {gpu.driver}")


def check_gpu(*, required: bool) -> Iterator[Checked]:
    """Judge each device by the libraries that are installed here; no device is a failure where one is required."""
    gpus = read_gpus()
    if not gpus:
        yield Checked(
            "GPU", Health.FAILED if required else Health.SKIPPED, "no NVIDIA driver is visible here",
            REMEDY if required else "",
        )  # fmt: skip
        return
    for gpu in gpus:
        yield Checked(f"memory of {gpu.name}", Health.OK, f"{gpu.free_mib / 1024:.1f} GiB are free")
        if _installed("ctranslate2"):
            yield judge_ctranslate2(gpu)
        if _installed("torch"):
            yield judge_torch(gpu)
    if _installed("ctranslate2"):
        yield from check_libraries(CTRANSLATE2_LIBRARIES)


def check_libraries(names: tuple[str, ...]) -> Iterator[Checked]:
    """Load each library as CTranslate2 would."""
    for library in names:
        try:
            ctypes.CDLL(library)
        except OSError as error:
            yield Checked(
                library, Health.FAILED, f"it cannot be loaded: {error}",
                "use the image built for CUDA, or put the folder of the nvidia-* wheel on LD_LIBRARY_PATH",
            )  # fmt: skip
        else:
            yield Checked(library, Health.OK, "it can be loaded")


def check_decode(folder: Path, device: str) -> Iterator[Checked]:
    """Decode two seconds of silence with the model in `folder` on `device`: kernels, libraries and weights together."""
    name = f"decode on {device}"
    if not _installed("ctranslate2"):
        yield Checked(name, Health.SKIPPED, "CTranslate2 is not installed here")
        return
    numpy, ctranslate2 = importlib.import_module("numpy"), importlib.import_module("ctranslate2")
    model = ctranslate2.models.Whisper(str(folder), device=device)
    mel = ctranslate2.StorageView.from_array(numpy.zeros((1, model.n_mels, 200), numpy.float32))
    model.generate(model.encode(mel), [[50258]], beam_size=1, max_length=4)
    yield Checked(name, Health.OK, f"the model in {folder} encodes and generates")


def _installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _dotted(capability: tuple[int, int]) -> str:
    return f"{capability[0]}.{capability[1]}"
