"""Devices are judged by what the locked wheels were built for."""

import subprocess
from types import SimpleNamespace
from typing import Any

import pytest
from carabin.service.doctor.gpu import Gpu, check_libraries, judge_ctranslate2, judge_torch, parse_gpu, read_gpus
from carabin.service.doctor.report import Health

H100 = Gpu("NVIDIA H100", 580, (9, 0), 80000)


def test_a_line_of_nvidia_smi_is_read() -> None:
    assert parse_gpu("NVIDIA H100 80GB HBM3, 580.95.05, 9.0, 81079") == Gpu("NVIDIA H100 80GB HBM3", 580, (9, 0), 81079)
    with pytest.raises(ValueError, match="which is not name, driver"):
        parse_gpu("No devices were found")


def test_a_machine_without_a_driver_has_no_device_and_a_broken_one_says_so() -> None:
    def missing(*_: Any, **__: Any) -> None:
        raise FileNotFoundError("nvidia-smi")

    assert read_gpus(missing) == []
    broken = SimpleNamespace(returncode=9, stdout="NVIDIA-SMI has failed", stderr="")
    with pytest.raises(ValueError, match="ends with code 9: NVIDIA-SMI has failed"):
        read_gpus(lambda *_, **__: broken)
    done = subprocess.CompletedProcess((), 0, "NVIDIA H100, 580.1, 9.0, 80000\n", "")
    assert read_gpus(lambda *_, **__: done) == [H100]


@pytest.mark.parametrize(
    ("capability", "driver", "status"),
    [
        ((5, 2), 580, Health.FAILED),
        ((7, 0), 525, Health.OK),
        ((8, 9), 525, Health.OK),
        ((8, 6), 470, Health.FAILED),
        ((9, 0), 560, Health.FAILED),
        ((9, 0), 570, Health.WARNING),
        ((12, 0), 580, Health.WARNING),
    ],
)
def test_ctranslate2_needs_a_driver_that_compiles_for_newer_cards(
    capability: tuple[int, int], driver: int, status: Health, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_CACHE_PATH", raising=False)
    finding = judge_ctranslate2(Gpu("card", driver, capability, 1))
    assert finding.status is status
    assert bool(finding.remedy) is (status is not Health.OK)


def test_a_place_for_compiled_kernels_ends_the_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_CACHE_PATH", "/var/cache/carabin/cuda")
    assert judge_ctranslate2(H100).status is Health.OK


@pytest.mark.parametrize(
    ("capability", "driver", "status"),
    [
        ((7, 0), 580, Health.FAILED),
        ((7, 5), 580, Health.OK),
        ((12, 0), 580, Health.OK),
        ((9, 0), 570, Health.FAILED),
    ],
)
def test_torch_needs_turing_and_driver_580(capability: tuple[int, int], driver: int, status: Health) -> None:
    assert judge_torch(Gpu("card", driver, capability, 1)).status is status


def test_a_library_is_loaded_or_named() -> None:
    good, bad = check_libraries(("libc.so.6", "libcarabin-none.so.1"))
    assert (good.status, bad.status) == (Health.OK, Health.FAILED)
    assert "LD_LIBRARY_PATH" in bad.remedy
