"""The trainer as a Job: settings from the environment, any number of devices under torchrun.

python -m carabin.trainer.runtime.torchrun --standalone --nproc-per-node=1 -m carabin.trainer
"""

import sys
from datetime import UTC, datetime

from carabin.registry.connect import connect, store_settings
from carabin.registry.errors import CarabinError
from carabin.service.logging import configure_logging
from carabin.service.output import never_lose_output
from rich.console import Console

from .launch import launch, quiet
from .runtime.stopping import StopRequests
from .settings import TrainerSettings

GRPC_PORT, METRICS_PORT = 9094, 9095


def main() -> int:
    """Train; 0 when finished, the code of a stop when stopped on request, 1 with one sentence otherwise."""
    never_lose_output()
    try:
        settings = TrainerSettings.load()
        configure_logging("trainer", settings.log_level)
        quiet()
        ports = {"grpc_port": GRPC_PORT, "metrics_port": METRICS_PORT}
        settings = settings.model_copy(
            update={name: port for name, port in ports.items() if getattr(settings, name) is None}
        )
        stopping = StopRequests()
        result = launch(
            settings, connect(), store_settings(), Console(stderr=True), stopping.requested, datetime.now(UTC)
        )
    except CarabinError as error:
        sys.stderr.write(f"carabin-trainer: {error}\n")
        return 1
    return 0 if result.state == "finished" else stopping.exit_code(settings.stopped_exit_code)


if __name__ == "__main__":
    sys.exit(main())
