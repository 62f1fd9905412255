"""The keys of a terminal, one by one, for push-to-talk; the terminal is left as it was found."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from carabin.registry.errors import CarabinError

from .push_to_talk import PushToTalk


class NoKeys(CarabinError):
    """There is no terminal whose keys could be read."""


def require_terminal() -> None:
    """Check that the keys of a terminal can be read.

    Raises:
        NoKeys: standard input is no terminal, or this platform has none whose keys can be read.
    """
    try:
        import termios  # noqa: F401  # not on Windows
    except ModuleNotFoundError as error:
        raise NoKeys(
            "--push-to-talk reads keys from a terminal of Linux or macOS, and this platform has none"
        ) from error
    if not sys.stdin.isatty():
        raise NoKeys("--push-to-talk reads keys, but standard input is no terminal: run it in one, or leave it out")


@contextmanager
def keys_toggle(button: PushToTalk, stop: Callable[[], None], notify: Callable[[str], None]) -> Iterator[None]:
    """Let Space and Enter toggle the button while the block lasts; call `stop` when the terminal goes away.

    Ctrl-C stays a signal. The caller takes all that end a process: dying of one would leave a terminal without echo.
    """
    import termios
    import tty

    terminal = sys.stdin.fileno()
    loop = asyncio.get_running_loop()
    before = termios.tcgetattr(terminal)

    def read() -> None:
        try:
            typed = os.read(terminal, 1024)
        except OSError:
            typed = b""
        if not typed:
            loop.remove_reader(terminal)
            stop()
        for key in typed.decode(errors="replace"):
            if button.press(key):
                notify(_state(button))

    try:
        tty.setcbreak(terminal)
        loop.add_reader(terminal, read)
        notify("Space or Enter starts and stops talking; Ctrl-C ends.")
        yield
    finally:
        loop.remove_reader(terminal)
        with suppress(termios.error):  # A terminal that is gone needs no modes.
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)


@contextmanager
def signal_toggles(button: PushToTalk, notify: Callable[[str], None]) -> Iterator[None]:
    """Let SIGUSR1 toggle the button while the block lasts: for a shortcut of the desktop, whatever window has focus."""

    def toggle() -> None:
        button.toggle()
        notify(_state(button))

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, toggle)
    try:
        notify(f"`kill -USR1 {os.getpid()}` starts and stops talking: bind it to a key of the desktop; Ctrl-C ends.")
        yield
    finally:
        loop.remove_signal_handler(signal.SIGUSR1)


def _state(button: PushToTalk) -> str:
    return "talking" if button.talking else "silent"
