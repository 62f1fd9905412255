"""One upload on its way to text, under one admission from its first sample to its last."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress

from carabin.service.audio import Recording, damage_of
from carabin.service.shortage import translate_shortage

from ..core.api import Samples
from ..core.config import SAMPLE_RATE_HZ
from ..core.errors import Draining, ImpossibleAudio, SessionClosed
from ..core.events import Final, SessionFailed, SessionWarning
from ..wire.admission import AdmittedSession
from ..wire.errors import SessionTooLong, WrongAudioFormat
from ..wire.status import error_of, status_of
from .media import batches
from .upload import AudioUpload

log = logging.getLogger(__name__)

NO_SPEECH = "no speech was found in the recording"
"""Where the text is empty: silence, a hum or music, which no sender takes for a transcript."""


class UploadJob:
    """Feeds a recording into its dictation as there is room, and takes the finals out."""

    def __init__(self, upload: AudioUpload, admitted: AdmittedSession) -> None:
        self.upload = upload
        self.finals: list[Final] = []
        self.audio_s = 0.0
        """How much of the recording was taken so far."""
        self._prompt_warnings: list[str] = []
        self._recording = Recording(upload.file, name=upload.name)
        self._admitted = admitted
        self._dictation = admitted.dictation

    async def run(self) -> AsyncGenerator[Final, None]:
        """Yield each final, those before an error too; whoever stops reading ends the work.

        Raises:
            AudioFileRefused, WrongAudioFormat: the recording, or the rest of it, cannot be decoded.
            ResourcesExhausted: the machine is short of memory or threads; the recording may be sound.
            DecodeFailed, Draining, SessionTooLong: the service cannot go on.
        """
        feeding = asyncio.create_task(self._feed(), name=f"upload {self._dictation.id}")
        outcome = "closed_by_client"
        try:
            async for event in self._dictation.events():
                if isinstance(event, SessionFailed):
                    raise error_of(event)
                self._admitted.record_event(event)
                if isinstance(event, SessionWarning) and event.code == "prompt_cut":
                    self._prompt_warnings.append(event.message)
                if isinstance(event, Final):
                    self.finals.append(event)
                    yield event
            await feeding
            outcome = "ended"
        except Exception as error:
            outcome = status_of(error).label
            if outcome == "internal":
                log.error("a file failed", extra={"event": "file_failed", "error": type(error).__name__})
            raise
        finally:
            feeding.cancel()
            self.close(outcome)
            await asyncio.gather(feeding, return_exceptions=True)

    def warnings(self) -> list[str]:
        """Return a sentence for what the prompt could not hold, each stretch that is not in the text, and no speech."""
        damages = (f"the recording {damage.sentence}" for damage in damage_of(self._recording))
        found = [*self._prompt_warnings, *damages]
        reason = self._recording.speech.no_speech()
        if not self.finals:
            return [*found, f"{NO_SPEECH}: it {reason}" if reason else NO_SPEECH]
        return [*found, f"the recording {reason}: its text may be invented"] if reason else found

    def close(self, outcome: str = "closed_by_client") -> None:
        """End the work and its part in all limits; the first outcome counts."""
        self._dictation.cancel()
        self._admitted.close(outcome)

    async def _feed(self) -> None:
        """Push the recording and make it final; where it breaks off, what came before is final all the same."""
        error: Exception | None = None
        try:
            async with asyncio.timeout(self._admitted.left_s()):
                await self._push_all()
        except TimeoutError:
            error = SessionTooLong("the upload reached the longest time of a session: the rest was not transcribed")
        except Exception as broken:
            error = broken
        with suppress(SessionClosed):
            await self._dictation.finish()
        if error is not None:
            raise error

    async def _push_all(self) -> None:
        waiting = batches(self._recording.blocks())
        while (samples := await _next_in_thread(waiting)) is not None:
            if self._admitted.ending.is_set():
                raise Draining
            try:
                self._dictation.push(samples)
            except ImpossibleAudio as error:
                raise WrongAudioFormat(
                    f"the file's header does not fit its samples: they have {error.found}; probably {error.probable}"
                ) from error
            self.audio_s += len(samples) / SAMPLE_RATE_HZ
            self._admitted.record.audio_s = self.audio_s
            await self._dictation.wait_for_room()


async def _next_in_thread(waiting: Iterator[Samples]) -> Samples | None:
    with translate_shortage("the recording"):
        return await asyncio.to_thread(_next, waiting)


def _next(waiting: Iterator[Samples]) -> Samples | None:
    return next(waiting, None)
