"""The trainer as a Job: settings from the environment, `torchrun -m carabin.trainer` for any number of devices."""

import sys
from datetime import UTC, datetime

from carabin.registry.connect import connect, store_settings
from carabin.registry.errors import CarabinError
from carabin.service.logging import configure_logging
from carabin.service.shutdown import stop_on_signals
from rich.console import Console

from .launch import launch, quiet
from .settings import TrainerSettings

GRPC_PORT, METRICS_PORT = 9094, 9095


def main() -> int:
    """Train; 0 when finished or stopped on request, 1 with one sentence otherwise."""
    try:
        settings = TrainerSettings.load()
        configure_logging("trainer", settings.log_level)
        quiet()
        ports = {"grpc_port": GRPC_PORT, "metrics_port": METRICS_PORT}
        settings = settings.model_copy(
            update={name: port for name, port in ports.items() if getattr(settings, name) is None}
        )
        launch(settings, connect(), store_settings(), Console(stderr=True), stop_on_signals(), datetime.now(UTC))
    except CarabinError as error:
        sys.stderr.write(f"carabin-trainer: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
