"""Following a run that trains elsewhere, through its `WatchRun`."""

from collections.abc import Callable
from pathlib import Path

import grpc
from carabin.service.access.factory import is_loopback

from ..errors import WatchFailed
from ..v1 import trainer_pb2 as pb
from ..v1 import trainer_pb2_grpc
from .progress import RunEvent
from .watch_server import from_message

READY_TIMEOUT_S = 10.0


def follow(
    run: str,
    address: str,
    on_event: Callable[[RunEvent], None],
    *,
    token: str | None = None,
    authority: Path | None = None,
) -> RunEvent:
    """Pass the run's events to `on_event` until it ends, and return the last.

    Args:
        address: host:port.
        token: what the trainer asks for, where it asks for one.
        authority: PEM certificates of who signed the trainer's; given, TLS is spoken.

    Raises:
        WatchFailed: nobody answers at `address`, or that trainer does no such run.
    """
    last: RunEvent | None = None
    metadata = (("authorization", f"Bearer {token}"),) if token else ()
    with _channel(address, authority) as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=READY_TIMEOUT_S)
            stub = trainer_pb2_grpc.TrainerServiceStub(channel)  # type: ignore[no-untyped-call]
            for message in stub.WatchRun(pb.WatchRunRequest(run=run), metadata=metadata):
                last = from_message(message)
                on_event(last)
        except grpc.FutureTimeoutError as error:
            raise WatchFailed(
                f"no trainer answers at {address}: start it with --set grpc_port=PORT, or give --address"
            ) from error
        except grpc.RpcError as error:
            raise WatchFailed(f"cannot follow {run} at {address}: {error.details()}") from error
    if last is None or last.kind != "end":
        raise WatchFailed(f"the trainer at {address} went away before run {run} ended")
    return last


def _channel(address: str, authority: Path | None) -> grpc.Channel:
    # A proxy of the site, which the environment may name, reaches no loopback of ours.
    options = [("grpc.enable_http_proxy", 0)] if is_loopback(address.rpartition(":")[0]) else []
    if authority is None:
        return grpc.insecure_channel(address, options)
    try:
        certificates = authority.read_bytes()
    except OSError as error:
        raise WatchFailed(f"{authority}: {error.strerror or error}") from error
    return grpc.secure_channel(address, grpc.ssl_channel_credentials(certificates), options)
