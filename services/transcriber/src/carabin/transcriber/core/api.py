"""The seam between the wire and the dictation: what every protocol adapter talks to.

`runtime.transcriber.LiveTranscriber` is the real one, `testing.transcriber.FakeTranscriber` ships for tests; both pass
the same contract suite.
All methods are called on the event loop's thread, and none of them blocks it.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .config import SessionConfig
from .events import Event

Samples: TypeAlias = NDArray[np.float32]
"""(n,) float32, 16 kHz mono, in [-1, 1]."""

ModelState = Literal["none", "loading", "steady", "failed"]


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether this process can serve, and whether it has room.

    The two are apart: an orchestrator removes what is not ready first, and a full process is the last that it should.
    """

    ready: bool
    """It has a model and is not leaving."""
    reason: str
    """Empty when ready."""
    full: bool = False
    """The next session is refused, with a time to come back."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Which model answers, and what its successor is doing."""

    name: str
    version: str | None
    """The version in use; None before the first one is loaded."""
    state: ModelState
    """`failed`: the newest attempt was refused; a version in use goes on all the same."""
    target: str | None = None
    """The version being loaded, or the one that was refused."""
    reason: str = ""
    """Why `target` was refused."""
    loaded_at: datetime | None = None


class DictationStream(Protocol):
    """One open session."""

    @property
    def id(self) -> str:
        """Unique in this process; safe to log."""

    def push(self, samples: Samples) -> None:
        """Take audio; it never blocks and nothing is dropped. Between two calls, await `wait_for_room()`.

        Args:
            samples: (n,) float32 at 16 kHz, mono, in [-1, 1]; any n, 0 included. What is a little louder is clipped.
                The array is not kept by reference.

        Raises:
            SessionClosed: after `finish()` or `cancel()`.
            ImpossibleAudio: the samples are no audio in the declared format; they were not taken.
        """

    async def wait_for_room(self, delay_s: float = 0.0) -> None:
        """Return when the service can take more audio of this session: at once unless much of it waits.

        A protocol that awaits this before it reads on lets its client's socket fill up, and so slows the client down.
        Silence meanwhile is the service's own: it ends no utterance.

        Args:
            delay_s: wait this long at least, as the sender's budget wants it.
        """

    def hold(self) -> None:
        """No audio can come until `resume()`: the client's connection broke. Silence meanwhile ends no utterance."""

    def resume(self) -> None:
        """The client is back over another connection; without `hold()` before it, this one took the session over."""

    async def flush(self) -> None:
        """End the utterance in progress; return when all that was pushed is final and `FlushFinished` was sent.

        Raises:
            SessionClosed: after `finish()` or `cancel()`.
        """

    async def finish(self) -> None:
        """Flush, then end `events()`; return when the last event was sent. Calling it again does nothing more."""

    def events(self) -> AsyncIterator[Event]:
        """Yield events as they happen; only one reader. It ends after `finish()`, `cancel()` or `SessionFailed`."""

    def cancel(self) -> None:
        """Forget the session and its audio at once; `events()` ends."""


class Transcriber(Protocol):
    """The transport-free core."""

    async def start(self) -> None:
        """Begin to look for a model; returns at once, `readiness()` becomes ready when one is loaded."""

    async def stop(self, drain_s: float) -> None:
        """Refuse new sessions, wait up to `drain_s` for the open ones to finish, cancel the rest, free the model."""

    def open(self, config: SessionConfig, identity: str | None = None, *, recording: bool = False) -> DictationStream:
        """Open a session.

        Args:
            identity: who dictates, as the authentication names them; for the audit log, and for their own lexicon.
            recording: the audio is a file that is here already: it is decoded without partials, behind live sessions.

        Raises:
            Overloaded, NotReady, Draining, UnknownModel, UnknownVocabulary, UnsupportedLanguage, InvalidConfig
        """

    def readiness(self) -> Readiness:
        """Return whether new sessions are taken, and why not."""

    @property
    def model(self) -> ModelInfo:
        """The default model's production version and the state of its newest change."""

    @property
    def models(self) -> tuple[ModelInfo, ...]:
        """Every model that is served, as `model` has it; the default first."""

    def model_named(self, name: str | None) -> ModelInfo:
        """Return the state of one of `models`; None names the default.

        Raises:
            UnknownModel: no model of that name is served.
        """

    async def wait_for_model(self, name: str | None) -> None:
        """Return when the model is loaded, or nobody is loading it; one that is loaded on demand is asked for.

        Raises:
            UnknownModel
        """

    def dead_threads(self) -> tuple[str, ...]:
        """Return the names of the threads that ended although nobody asked for it: the process should restart."""

    def subscribe_model(self) -> AsyncIterator[ModelInfo]:
        """Yield the default model's state now, then at each change of any model; a slow reader sees the newest."""
