"""Sound for a machine without sound devices: a PulseAudio server whose microphone records what a test plays."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = ("pulseaudio", "paplay")
START_S = 180


class Sound:
    """A running PulseAudio server."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        """What a program needs in its environment to find the microphone and the loudspeaker."""
        self._player: subprocess.Popen[bytes] | None = None

    def play(self, path: Path) -> "subprocess.Popen[bytes]":
        """Play a WAV file into the microphone, and nothing else; the process ends when all of it was played."""
        self.stop()
        self._player = subprocess.Popen(["paplay", "--device=room", path], env=os.environ | self.environment)
        return self._player

    def stop(self) -> None:
        """Play no further."""
        if self._player:
            self._player.kill()
            self._player.wait()


@contextmanager
def sound() -> Iterator[Sound]:
    """Run a server of its own: nothing of the user's is read or written, and no hardware is looked for."""
    with tempfile.TemporaryDirectory(prefix="sound") as folder:  # Short: the path of a socket has 107 bytes.
        socket = f"{folder}/socket"
        private = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "PULSE_RUNTIME_PATH"), folder)
        environment = os.environ | private
        modules = (
            f"module-native-protocol-unix socket={socket} auth-anonymous=1 auth-cookie-enabled=0",
            "module-null-sink sink_name=loudspeaker",
            "module-null-sink sink_name=room rate=48000 channels=1",
            "module-remap-source source_name=microphone master=room.monitor",  # Browsers offer no monitors.
        )
        command = ["pulseaudio", "-n", "--daemonize=yes", "--exit-idle-time=-1", "--disable-shm=yes"]
        command += [f"--load={module}" for module in modules]
        subprocess.run(command, env=environment, check=True, timeout=START_S, stderr=subprocess.DEVNULL)
        running = Sound({"PULSE_SERVER": f"unix:{socket}"})
        try:
            yield running
        finally:
            running.stop()
            subprocess.run(["pulseaudio", "--kill"], env=environment, check=True, timeout=START_S)


def missing_program() -> str | None:
    """Return the name of a program that is not installed, if any."""
    return next((name for name in PROGRAMS if shutil.which(name) is None), None)
