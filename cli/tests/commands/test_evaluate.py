"""`carabin evaluate`: the versions' figures side by side, and a dash where one was not measured."""

import io

import pytest
from carabin.cli.commands.evaluate import comparison
from carabin.cli.main import main
from carabin.registry.settings import StoreSettings
from rich.console import Console

from ..conftest import words


def printed(found: dict[str, dict[str, float]]) -> str:
    file = io.StringIO()
    Console(file=file, width=160).print(comparison(found))
    return words(file.getvalue())


def test_shares_are_percent_counts_are_whole_and_what_was_not_measured_is_a_dash() -> None:
    shown = printed({"v1": {"wer": 0.1234, "critical_errors": 3.0}, "v2": {"term_recall": 0.9, "general_wer": 0.2}})
    assert "v1 12.3 – 3 –" in shown
    assert "v2 – 90.0 – 20.0" in shown


@pytest.mark.usefixtures("s3_environment")
def test_a_dataset_that_is_not_there_is_said_before_any_model_is_fetched(
    s3_environment: StoreSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "v1", "--model", "cardio", "--dataset", "nothing-of-this-name"]) == 1
    assert "there is no dataset nothing-of-this-name" in words(capsys.readouterr().err)
