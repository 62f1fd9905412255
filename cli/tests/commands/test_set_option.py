"""`--set` takes settings that exist, as JSON where it is some."""

from pathlib import Path

import pytest
import typer
from carabin.cli.commands.set_option import parse_settings, setting_pairs


def test_values_are_json_where_they_are_some_and_text_elsewhere() -> None:
    known = {"interpolation_weights", "precision", "work_dir", "base"}
    texts = ["interpolation_weights=[1,0.5]", "precision=fp32", "work_dir=/srv/work", "base=run:a=b"]
    assert parse_settings(setting_pairs(texts, known)) == {
        "interpolation_weights": [1, 0.5], "precision": "fp32", "work_dir": Path("/srv/work"), "base": "run:a=b",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["precision", "precison=fp32", "=fp32", ""])
def test_what_names_no_setting_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="no NAME=VALUE of a setting"):
        setting_pairs([text], {"precision"})
