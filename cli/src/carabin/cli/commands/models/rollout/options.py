"""What `carabin models rollout` is given as text: steps, times and budgets."""

import re
from collections.abc import Iterable
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from carabin.registry.errors import CarabinError

from .figures import BUDGETS
from .progress import PRODUCTION_STEP, SHADOW_STEP

SECONDS: Final = MappingProxyType({"s": 1, "m": 60, "h": 3600})


class RolloutOptionInvalid(CarabinError):
    """An option cannot be what was typed; the sentence names it."""


def parse_steps(text: str) -> tuple[float, ...]:
    """Return shares of `shadow,5%,25%,100%`: a shadow is 0 and only the first, production is 1 and the last.

    Raises:
        RolloutOptionInvalid: it is no such list, or its shares do not rise.
    """
    steps = tuple(_share(each.strip()) for each in text.split(","))
    if steps[-1] != PRODUCTION_STEP:
        raise RolloutOptionInvalid(f"--steps {text}: the last step is production, 100%")
    if len(steps) < 2:
        raise RolloutOptionInvalid(f"--steps {text}: without a step before it nothing is watched: use `promote`")
    if any(later <= earlier for earlier, later in pairwise(steps)):
        raise RolloutOptionInvalid(f"--steps {text}: each share must be above the one before")
    return steps


def parse_duration(text: str, option: str) -> float:
    """Return the seconds of `20m`, `90s` or `1h`.

    Raises:
        RolloutOptionInvalid: it is no such time.
    """
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([smh])", text.strip())
    if not found:
        raise RolloutOptionInvalid(f"{option} {text}: a time is a number and s, m or h, such as 20m")
    return float(found[1]) * SECONDS[found[2]]


def parse_budgets(given: Iterable[str]) -> dict[str, float]:
    """Return every figure's budget: those given as `slow=15%`, and the others' own.

    Raises:
        RolloutOptionInvalid: a figure is unknown, or a budget is none.
    """
    budgets = dict(BUDGETS)
    for each in given:
        figure, _, text = each.partition("=")
        if figure not in BUDGETS:
            raise RolloutOptionInvalid(
                f"--budget {each}: there is no figure {figure!r}; there are {', '.join(BUDGETS)}"
            )
        budget = _number(text)
        if budget is None or not 0 < budget < 1:
            raise RolloutOptionInvalid(f"--budget {each}: a budget is above 0 and under 100%, such as {figure}=15%")
        budgets[figure] = budget
    return budgets


def _share(text: str) -> float:
    if text == "shadow":
        return SHADOW_STEP
    share = _number(text)
    if share is None or not 0 < share <= 1:
        raise RolloutOptionInvalid(f"--steps: {text!r} is neither a share above 0 and up to 100% nor `shadow`")
    return share


def _number(text: str) -> float | None:
    """Return `5%` or `0.05` as a number."""
    try:
        return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        return None
