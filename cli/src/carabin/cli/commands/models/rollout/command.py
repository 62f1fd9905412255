"""`carabin models rollout`: a version moves by steps into production, and out again at the first breach."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from carabin.cli.interruption import until_interrupted
from carabin.registry.stages.rollouts import RolloutPlan, RolloutRecord

from ..context import AsJson, By, Name, Reason, Version, open_context, who_changes
from ..tables import print_json
from .begin import begin_or_go_on, production_to_replace
from .controller import Rollout
from .metrics import write_metrics
from .options import RolloutOptionInvalid, parse_budgets, parse_duration, parse_steps
from .source import Source, pods_source, prometheus_source
from .surroundings import Surroundings

EXIT_CODES: Final = {"arrived": 0, "ended": 3, "abandoned": 4, "running": 130}
LEASE_LOOKS: Final = 4
"""Looks that a holder may miss before it is taken for dead."""
MIN_LEASE_S: Final = 10.0

Steps = Annotated[str, typer.Option(help="Shares of new sessions, rising to 100%, production; `shadow` may be first.")]
Hold = Annotated[str, typer.Option(help="How long each step is watched, such as 20m.")]
Every = Annotated[str, typer.Option(help="Time between two looks at the figures.")]
Prometheus = Annotated[
    str | None, typer.Option(envvar="CARABIN_PROMETHEUS_URL", help="The Prometheus that scrapes the transcribers.")
]
Pods = Annotated[
    str | None, typer.Option(help="Without a Prometheus: the transcribers' own addresses of /metrics, with commas.")
]
Token = Annotated[
    str | None,
    typer.Option(envvar="CARABIN_PROMETHEUS_TOKEN", help="Bearer token for Prometheus.", show_envvar=True),
]
MinFinals = Annotated[int, typer.Option(min=1, help="Finals that the version must have written in each step.")]
Budget = Annotated[
    list[str] | None,
    typer.Option(help="How much worse a figure may be, such as slow=15%; may be repeated. Figures: see above."),
]
ErrorRate = Annotated[
    float, typer.Option(min=1e-6, max=0.5, help="Probability that a version within every budget is ended.")
]
Force = Annotated[bool, typer.Option("--force", help="Accept worse figures of the evaluation, as `promote` does.")]
Again = Annotated[
    bool, typer.Option("--again", help="Try a version once more whose rollout was ended for its figures.")
]
MetricsFile = Annotated[
    Path | None, typer.Option(help="Written at each look, for the node exporter's textfile collector.")
]


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(
        epilog="Example: carabin models rollout latest --steps 5%,25%,100% --hold 20m"
        " --prometheus http://prometheus:9090 --reason trial"
    )(rollout)


def rollout(
    version: Version,
    reason: Reason,
    steps: Steps = "5%,25%,100%",
    hold: Hold = "20m",
    prometheus: Prometheus = None,
    pods: Pods = None,
    prometheus_token: Token = None,
    every: Every = "30s",
    min_finals: MinFinals = 100,
    budget: Budget = None,
    error_rate: ErrorRate = 0.05,
    force: Force = False,
    again: Again = False,
    metrics_file: MetricsFile = None,
    name: Name = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Move a version by steps into production, and end its trial at the first figure that is worse than its budget.

    Figures, each a share of finals: retried, rejected, empty, slow and unsure (beyond production's own slowest and
    least sure tenth), corrected, and in a shadow step differs. Run again after it was killed, it goes on.
    Ends with 0 in production, 3 after a breach, 4 where somebody else changed what serves, 130 interrupted.
    """
    source, every_s = _source(prometheus, pods, prometheus_token), parse_duration(every, "--every")
    context = open_context(name)
    chosen = context.version(version)

    def plan() -> RolloutPlan:
        return RolloutPlan(
            version=chosen,
            production=production_to_replace(context, chosen, force=force),
            steps=parse_steps(steps),
            hold_s=parse_duration(hold, "--hold"),
            min_finals=min_finals,
            error_rate=error_rate,
            budgets=parse_budgets(budget or ()),
            force=force,
            by=who_changes(by),
            reason=reason,
            started_at=datetime.now(UTC),
        )

    def report(sentence: str) -> None:
        typer.echo(f"{datetime.now():%H:%M:%S}  {sentence}", err=True)

    def looked(record: RolloutRecord) -> None:
        if metrics_file is not None:
            write_metrics(record, metrics_file, context.name)

    with until_interrupted() as stop:
        surroundings = Surroundings(source, stop.wait, report, looked)
        lease = begin_or_go_on(
            context, chosen, plan, max(MIN_LEASE_S, LEASE_LOOKS * every_s), surroundings, again=again
        )
        if lease is None:
            raise typer.Exit(EXIT_CODES["running"])
        record = Rollout(context, lease, surroundings, every_s).run()
    _print_end(record, as_json)
    raise typer.Exit(EXIT_CODES[record.outcome])


def _source(prometheus: str | None, pods: str | None, token: str | None) -> Source:
    if prometheus and not pods:
        return prometheus_source(prometheus, token)
    if pods and not prometheus:
        return pods_source([pod.strip() for pod in pods.split(",") if pod.strip()])
    raise RolloutOptionInvalid("say where the figures are: either --prometheus URL or --pods URL,URL")


def _print_end(record: RolloutRecord, as_json: bool) -> None:
    if as_json:
        print_json(record.model_dump(mode="json", exclude={"totals", "holder", "lease_s"}))
        return
    said = {
        "arrived": f"{record.plan.version} is in production: {record.explanation}.",
        "running": "Interrupted: the canary keeps its share; the same command goes on.",
    }
    typer.echo(said.get(record.outcome, f"{record.explanation}."))
