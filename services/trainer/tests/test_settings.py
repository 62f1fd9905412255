"""Tests of what the settings say about a run."""

from pathlib import Path

import pytest
from carabin.service.access.settings import AccessSettings
from carabin.service.errors import SettingInvalid
from carabin.service.settings import ServiceSettings
from carabin.trainer.settings import LEARNING_RATES, SettingRole, TrainerSettings


def test_every_setting_has_exactly_one_role() -> None:
    own = set(TrainerSettings.model_fields) - set(ServiceSettings.model_fields) - set(AccessSettings.model_fields)
    named = [name for role in SettingRole for name in TrainerSettings.of_role(role)]
    assert sorted(named) == sorted(own)


def test_what_a_step_depends_on_is_in_the_schedule() -> None:
    schedule = TrainerSettings.of_role(SettingRole.SCHEDULE)
    assert {"precision", "patience", "learning_rate", "batch_size", "checkpoint_steps", "seed"} <= set(schedule)
    assert not {"work_dir", "threads", "upload_interval_s", "general_budget"} & set(schedule)


def test_a_learning_rate_left_to_the_mode_is_recorded_as_the_modes_own() -> None:
    settings = TrainerSettings.load(dataset="d", mode="lora")
    assert settings.values_of(SettingRole.SCHEDULE)["learning_rate"] == str(LEARNING_RATES["lora"])
    assert "learning_rate" not in settings.values_of(SettingRole.OPERATION)


def test_every_setting_is_documented_in_one_sentence() -> None:
    rows = TrainerSettings.table()
    assert all(row.description and not row.description.endswith(".") for row in rows)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"mode": "decoder", "augment": True}, "use frozen-encoder"),
        ({"mode": "decoder", "augment": True}, "mode decoder .* augment"),
        ({"mode": "decoder", "spec_augment": True}, "mode decoder .* spec_augment"),
        ({"mode": "full", "lora_rank": 8}, "lora_rank is of mode lora, and mode is full"),
        ({"replay_share": 0.5}, "replay_share .* replay names no dataset"),
        ({"max_steps": 10, "epochs": 2}, "max_steps and epochs"),
        ({"grpc_port": 9092, "metrics_port": 9092}, "grpc_port and metrics_port are both 9092"),
        ({"interpolation_weights": ()}, "interpolation_weights must lie above 0"),
        ({"interpolation_weights": (1.5,)}, "interpolation_weights must lie above 0"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(SettingInvalid, match=reason):
        TrainerSettings.load(dataset="d", work_dir=Path("w"), **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"mode": "lora", "lora_rank": 8},
        {"replay": "general", "replay_share": 0.5},
        {"replay_share": 0},
        {"max_steps": 10},
        {"grpc_port": 0, "metrics_port": 0},
    ],
)
def test_settings_that_go_together_are_taken(changes: dict[str, object]) -> None:
    TrainerSettings.load(dataset="d", **changes)
