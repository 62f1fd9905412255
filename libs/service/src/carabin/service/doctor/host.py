"""The machine itself: a folder that can be written, ports that are free, a certificate that still holds."""

import errno
import os
import shutil
import socket
import ssl
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ..memory import model_bytes
from .report import Checked, Health

LEAST_FREE_BYTES = 2 * 10**9
"""A Whisper base with its successor and their downloads."""
RENEW_WITHIN = timedelta(days=30)


def check_folder(folder: Path) -> Iterator[Checked]:
    """Write and sync a file in `folder`, made where it is missing, and look at the space that is left."""
    name = f"folder {folder}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-") as file:
            file.write(b"carabin")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        yield Checked(
            name, Health.FAILED, f"it cannot be written: {error.strerror or error}",
            f"give it to user {os.getuid()}, or mount a volume there that this user may write",
        )  # fmt: skip
        return
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE_BYTES:
        yield Checked(name, Health.WARNING, f"{free / 1e9:.1f} GB are free", "two models must fit beside each other")
    else:
        yield Checked(name, Health.OK, f"it can be written, {free / 1e9:.0f} GB are free")


def check_memory(size_bytes: int, free_bytes: int | None, where: str) -> Iterator[Checked]:
    """Say whether two models fit into what is free: the one that is served, and the next beside it until the change.

    Args:
        size_bytes: of a model's files.
        free_bytes: memory that can still be taken; None where the system does not say.
        where: what has that memory, such as `this machine`.
    """
    name, need = f"memory of {where} for two models", model_bytes(size_bytes)
    if free_bytes is None:
        yield Checked(name, Health.SKIPPED, f"one takes {need / 1e9:.1f} GB; the system does not say what is free")
        return
    found = f"one takes {need / 1e9:.1f} GB, {free_bytes / 1e9:.1f} GB are free"
    if free_bytes < need:
        yield Checked(name, Health.FAILED, found, "give more memory, or serve a smaller form, such as int8")
    elif free_bytes < 2 * need:
        yield Checked(
            name, Health.WARNING, found,
            "nothing, where the service runs here and holds one; else give more memory, or set"
            " CARABIN_TRANSCRIBER_SWAP_WHEN_SHORT=drain",
        )  # fmt: skip
    else:
        yield Checked(name, Health.OK, found)


def check_port(port: int, host: str = "127.0.0.1") -> Iterator[Checked]:
    """Open the port and close it again."""
    name = f"port {port}"
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            yield Checked(
                name, Health.WARNING if taken else Health.FAILED, f"it cannot be opened on {host}: {error.strerror}",
                "nothing, where this is the service itself; else stop what listens there, or choose another port"
                if taken else "choose a port from 1024 on",
            )  # fmt: skip
            return
    yield Checked(name, Health.OK, f"it is free on {host}")


def check_certificate(certificate: Path, key: Path | None, now: datetime) -> Iterator[Checked]:
    """Load the certificate with its key, and say until when it holds."""
    name = f"certificate {certificate}"
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
        ends = _end_of(certificate)
    except (OSError, ssl.SSLError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        yield Checked(name, Health.FAILED, f"it cannot be used with its key: {reason}", "mount both as PEM files")
        return
    if ends is None:
        yield Checked(name, Health.SKIPPED, "it fits its key; its end is not read: `cryptography` is missing")
    elif ends <= now:
        yield Checked(name, Health.FAILED, f"it ended on {ends:%Y-%m-%d}", "renew it")
    elif ends - now < RENEW_WITHIN:
        yield Checked(name, Health.WARNING, f"it ends on {ends:%Y-%m-%d}", "renew it")
    else:
        yield Checked(name, Health.OK, f"it fits its key and holds until {ends:%Y-%m-%d}")


def _end_of(certificate: Path) -> datetime | None:
    try:
        from cryptography.x509 import load_pem_x509_certificate
    except ModuleNotFoundError:
        return None
    return load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc.astimezone(UTC)
