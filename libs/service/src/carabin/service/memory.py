"""How much memory there is, to this process: the machine's, or its container's if that is less; what a model takes."""

from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")

ROOM = 1.3
"""A model takes this much of its files' size: int8 weights are copied once while they load."""
WORKSPACE_BYTES = 128 * 1024 * 1024
"""And this much for activations and caches."""


def model_bytes(size_bytes: int) -> int:
    """Return the memory that a model takes whose files have `size_bytes`."""
    return int(size_bytes * ROOM) + WORKSPACE_BYTES


def available_bytes() -> int | None:
    """Return the bytes that can still be taken without swapping, or None where the system does not say."""
    known = [value for value in (_machine(), _container()) if value is not None]
    return min(known) if known else None


def _machine() -> int | None:
    return status_bytes("MemAvailable", Path("/proc/meminfo"))


def _container() -> int | None:
    """Read the limits of a version 2 control group; page cache that can be dropped counts as free."""
    try:
        limit = (_CGROUP / "memory.max").read_text().strip()
        if limit == "max":
            return None
        used = int((_CGROUP / "memory.current").read_text())
        stat = dict(line.split() for line in (_CGROUP / "memory.stat").read_text().splitlines())
        return int(limit) - used + int(stat.get("inactive_file", 0))
    except (OSError, ValueError):
        return None


def status_bytes(name: str, path: Path) -> int | None:
    """Return a figure in kB of a file such as /proc/meminfo in bytes, or None where it does not stand there."""
    try:
        for line in path.read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        return None
    return None
