"""Types text into the focused window through a tool of the platform; the text goes to no shell and to no log."""

import asyncio
import os
import shutil
import sys
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from carabin.registry.errors import CarabinError

PATIENCE_S = 10.0
"""For a tool that hangs, before a character is counted."""
PATIENCE_PER_CHARACTER_S = 0.1
"""Four times what xdotool takes: 12 ms down, 12 ms up."""

_APPLESCRIPT = b'on run argv\ntell application "System Events" to keystroke (item 1 of argv)\nend run\n'


class TypingRefused(CarabinError):
    """Text cannot be typed here."""


@dataclass(frozen=True, slots=True)
class Typist:
    """One tool that types."""

    command: tuple[str, ...]
    text_is_argument: bool = False
    """Else the tool reads the text from standard input, where no other user sees it in the list of processes."""
    script: bytes = b""

    @classmethod
    def find(cls, platform: str = sys.platform, environment: Mapping[str, str] = os.environ) -> Self:
        """Return the first tool that is there.

        Raises:
            TypingRefused: no display, or no tool for it.
        """
        if platform == "darwin" and (osascript := shutil.which("osascript")):
            return cls((osascript, "-"), text_is_argument=True, script=_APPLESCRIPT)
        wayland, x11 = environment.get("WAYLAND_DISPLAY"), environment.get("DISPLAY")
        if wayland and (wtype := shutil.which("wtype")):
            return cls((wtype, "-"))
        if x11 and (xdotool := shutil.which("xdotool")):
            return cls((xdotool, "type", "--clearmodifiers", "--file", "-"))
        if not (wayland or x11):
            raise TypingRefused("--type needs a focused window, and there is no display here")
        raise TypingRefused(f"--type needs {'wtype' if wayland else 'xdotool'}: install it with the system's packages")

    async def check(self) -> None:
        """Type nothing, which still opens the display.

        Raises:
            TypingRefused: the tool cannot type here.
        """
        await self._run("")

    async def type(self, text: str) -> None:
        """Type text and a space behind it, into whatever window has the focus.

        Raises:
            TypingRefused: the tool failed; the sentence does not repeat the text.
        """
        if typed := printable(text):
            await self._run(typed if typed.endswith("\n") else typed + " ")

    async def _run(self, text: str) -> None:
        arguments = (*self.command, text) if self.text_is_argument else self.command
        # What a tool complains may quote the text: it is discarded.
        process = await asyncio.create_subprocess_exec(
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        name = os.path.basename(self.command[0])
        try:
            async with asyncio.timeout(PATIENCE_S + PATIENCE_PER_CHARACTER_S * len(text)):
                await process.communicate(self.script if self.text_is_argument else text.encode())
        except TimeoutError as error:
            raise TypingRefused(f"{name} hangs: the text cannot be typed") from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            raise TypingRefused(f"{name} cannot type into this display (exit code {process.returncode})")


def printable(text: str) -> str:
    """Return text without control characters, which would be commands to a window; line ends stay.

    A tabulator, which would leave the field, becomes a space.
    """
    return "".join(c for c in text.replace("\t", " ") if c == "\n" or unicodedata.category(c) != "Cc")
