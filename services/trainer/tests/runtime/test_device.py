"""Tests of settings that a machine cannot honour, or that contradict each other: said, never ignored."""

from pathlib import Path

import pytest
from carabin.service.errors import SettingInvalid
from carabin.trainer.errors import SettingsRefused
from carabin.trainer.runtime.device import choose_precision

from ..helpers.training import settings


def test_auto_takes_what_the_device_computes() -> None:
    assert choose_precision("auto", cuda=False, bf16=True) == "bf16"
    assert choose_precision("auto", cuda=False, bf16=False) == "fp32"


def test_half_precision_without_hardware_for_it_is_refused() -> None:
    with pytest.raises(SettingsRefused, match="bf16 is not supported by this processor"):
        choose_precision("bf16", cuda=False, bf16=False)
    with pytest.raises(SettingsRefused, match="fp16 needs a CUDA device"):
        choose_precision("fp16", cuda=False, bf16=True)
    assert choose_precision("fp16", cuda=True, bf16=False) == "fp16"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"mode": "decoder", "spec_augment": True}, "mode decoder .* spec_augment cannot change: use frozen-encoder"),
        ({"interpolation_weights": (0.0,)}, "interpolation_weights must lie above 0"),
        ({"mode": "half"}, "MODE='half'"),
    ],
)
def test_settings_that_contradict_each_other_are_named(tmp_path: Path, changes: dict[str, object], reason: str) -> None:
    with pytest.raises(SettingInvalid, match=reason):
        settings(tmp_path, tmp_path, **changes)
