"""Stands in for PyAudio on a machine without a sound card: it has no device, and says so as PyAudio does.

The published client imports PyAudio for its microphone and loudspeaker, and goes on without them. Building the real
one needs PortAudio's headers from the system; with no device behind it, it would answer in the same way.
"""

paInt16 = 8  # noqa: N816  # PyAudio's own name


class PyAudio:
    def open(self, *_args: object, **_options: object) -> None:
        raise OSError(-9996, "Invalid input device (no default input device)")

    def get_format_from_width(self, width: int) -> int:
        return {1: 16, 2: paInt16, 4: 2}[width]

    def terminate(self) -> None:
        pass
