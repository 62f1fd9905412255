"""What the command is given as text."""

import pytest
from carabin.cli.commands.models.rollout.options import (
    RolloutOptionInvalid,
    parse_budgets,
    parse_duration,
    parse_steps,
)


def test_steps_are_shares_that_rise_to_production() -> None:
    assert parse_steps("5%,25%,100%") == (0.05, 0.25, 1.0)
    assert parse_steps("shadow, 0.1, 100%") == (0.0, 0.1, 1.0)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("5%,25%", "the last step is production"),
        ("100%", "without a step before it nothing is watched"),
        ("25%,5%,100%", "each share must be above the one before"),
        ("5%,shadow,100%", "each share must be above the one before"),
        ("5%,150%", "'150%' is neither a share"),
        ("0%,100%", "'0%' is neither a share"),
        ("a,100%", "'a' is neither a share"),
        ("nan,100%", "'nan' is neither a share"),
        ("", "'' is neither a share"),
    ],
)
def test_other_steps_are_refused(text: str, wrong: str) -> None:
    with pytest.raises(RolloutOptionInvalid, match="--steps") as refused:
        parse_steps(text)
    assert wrong in str(refused.value)


def test_times_have_a_unit() -> None:
    assert [parse_duration(text, "--hold") for text in ("20m", "90s", "1.5h")] == [1200, 90, 5400]
    for text in ("20", "m", "-5m", "1d"):
        with pytest.raises(RolloutOptionInvalid, match=f"--hold {text}"):
            parse_duration(text, "--hold")


def test_budgets_change_one_figure_each() -> None:
    budgets = parse_budgets(["slow=15%", "empty=0.01"])
    assert (budgets["slow"], budgets["empty"], budgets["retried"]) == (0.15, 0.01, 0.05)


@pytest.mark.parametrize("text", ["slow", "slow=", "slow=0", "slow=100%", "speed=5%", "slow=nan"])
def test_other_budgets_are_refused(text: str) -> None:
    with pytest.raises(RolloutOptionInvalid, match=f"--budget {text}"):
        parse_budgets([text])
