"""How many finals a rollout needs until it ends a worse version, and how often it ends one that keeps its budget.

python bench/rollout.py        # simulated finals, the command's own test; under a minute
"""

import math
import random
import sys

from carabin.cli.commands.models.rollout.e_values import FinalCounts, log_e_value
from carabin.cli.commands.models.rollout.figures import BUDGETS
from rows import table

ERROR_RATE = 0.05
CANARY_A_LOOK, PRODUCTION_A_LOOK = 4, 20
"""Of the canary at most, of production always."""
WORSE = ((0.9, 0.1, 0.1), (0.5, 0.1, 0.1), (0.3, 0.1, 0.1), (0.5, 0.02, 0.03), (0.2, 0.02, 0.03), (0.1, 0.02, 0.03))
"""Share of bad finals of the canary and of production, and the budget."""
AT_BUDGET = (0.15, 0.10, 0.05)
COLUMNS = ("bad finals, canary", "production", "budget", "median", "90 %")
RUNS, LOOKS, FALSE_RUNS, FALSE_LOOKS = 200, 4000, 400, 120


def main() -> None:
    chance = random.Random(20261128)
    false = [finals_until_ended(chance, *AT_BUDGET, math.log(1 / ERROR_RATE), FALSE_LOOKS) for _ in range(FALSE_RUNS)]
    ended = sum(finals is not None for finals in false)
    sys.stdout.write(f"At its budget, {AT_BUDGET}: {ended} of {FALSE_RUNS} ended in {FALSE_LOOKS} looks\n")
    rows = []
    for canary, production, budget in WORSE:
        limit = math.log(len(BUDGETS) / ERROR_RATE)
        found = [finals_until_ended(chance, canary, production, budget, limit, LOOKS) for _ in range(RUNS)]
        finals = sorted(math.inf if each is None else each for each in found)
        shares = [f"{100 * share:g} %" for share in (canary, production, budget)]
        rows.append((*shares, f"{finals[RUNS // 2]:g}", f"{finals[RUNS * 9 // 10]:g}"))
    sys.stdout.write(table(COLUMNS, rows))


def finals_until_ended(
    chance: random.Random, canary: float, production: float, budget: float, limit: float, looks: int
) -> int | None:
    """Return after how many finals of the canary the evidence reached `limit`, None where it did not."""
    seen, seen_production, log_e = FinalCounts(), FinalCounts(), 0.0
    for _ in range(looks):
        new = draw(chance, chance.randint(0, CANARY_A_LOOK), canary)
        new_production = draw(chance, PRODUCTION_A_LOOK, production)
        log_e += log_e_value(new, new_production, seen, seen_production, budget)
        seen, seen_production = seen + new, seen_production + new_production
        if log_e >= limit:
            return seen.finals
    return None


def draw(chance: random.Random, finals: int, share: float) -> FinalCounts:
    return FinalCounts(finals, sum(chance.random() < share for _ in range(finals)))


if __name__ == "__main__":
    main()
