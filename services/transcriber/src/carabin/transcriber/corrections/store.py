"""Takes corrections in, for those who agreed; what the bucket holds is `carabin.registry.corrections`' to say."""

import base64
import binascii
import io
import logging
import secrets
import threading
import wave
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from carabin.registry.corrections import CorrectionRecord, delete_expired, delete_person, store_now, write_correction
from carabin.registry.errors import RegistryError
from carabin.registry.store import ObjectStore
from pydantic import BaseModel, ConfigDict, Field

from ..core.config import SAMPLE_RATE_HZ
from .errors import CorrectionRefused, CorrectionsOff
from .policy import CorrectionPolicy

log = logging.getLogger(__name__)

MAX_TEXT = 5_000
"""Characters of one utterance: 30 s of speech have about 500."""
MAX_AUDIO_S = 60.0
"""Twice the longest utterance."""
MAX_AUDIO_CHARS = int(MAX_AUDIO_S * SAMPLE_RATE_HZ * 2 * 4 / 3) + 4
"""Its 16-bit samples in base64."""
SWEEP_EVERY = timedelta(hours=1)
"""A correction is kept for days: an hour more or less is nothing."""


class Correction(BaseModel):
    """What a client sends."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    session: str = Field(max_length=200)
    utterance: int = Field(ge=0)
    model_version: str = Field(max_length=200)
    raw: str = Field(max_length=MAX_TEXT, description="what was recognised")
    formatted: str = Field(default="", max_length=MAX_TEXT, description="what was shown")
    corrected: str = Field(max_length=MAX_TEXT, description="what it should have been")
    consent: bool = Field(default=False, description="the speaker agrees that this one is learnt from")
    audio_int16: str | None = Field(default=None, max_length=MAX_AUDIO_CHARS, description="base64 of the samples")


class CorrectionStore:
    """Writes corrections and deletes them; blocking, to be called from a thread.

    Args:
        now: dates records; by default the store's clock, which also says when they are over, on every replica alike.
    """

    def __init__(self, store: ObjectStore, policy: CorrectionPolicy, now: Callable[[], datetime] | None = None) -> None:
        self.policy = policy
        self._store = store
        self._now = now or (lambda: store_now(store, policy.bucket))
        self._lock = threading.Lock()
        self._swept_at: datetime | None = None

    def keep(self, identity: str, correction: Correction) -> CorrectionRecord:
        """Store one correction.

        Raises:
            CorrectionsOff: the site keeps none.
            CorrectionRefused: no consent, no change, or audio that is none.
            RegistryError: the store did not take it.
        """
        if self.policy.retention == "none":
            raise CorrectionsOff("this site keeps no corrections")
        if not correction.consent:
            raise CorrectionRefused("without consent a correction is not kept: send consent: true")
        if not correction.corrected.strip():
            raise CorrectionRefused("the corrected text is empty: nothing can be learnt from it")
        now = self._now()
        self._sweep(now)
        audio = None
        if self.policy.retention == "audio+text" and correction.audio_int16:
            audio = _wav(correction.audio_int16)
        record = self._record(correction, self.policy.pseudonym(identity), now, with_audio=audio is not None)
        write_correction(self._store, self.policy.bucket, record, audio)
        return record

    def forget(self, identity: str) -> int:
        """Delete all that is kept of one person; return how many corrections there were."""
        self._store.ensure_bucket(self.policy.bucket)
        return delete_person(self._store, self.policy.bucket, self.policy.pseudonym(identity))

    def _record(self, correction: Correction, person: str, now: datetime, *, with_audio: bool) -> CorrectionRecord:
        identifier = secrets.token_hex(12)
        return CorrectionRecord(
            id=identifier,
            person=person,
            session=self.policy.pseudonym(correction.session),
            utterance=correction.utterance,
            model_version=correction.model_version,
            raw=correction.raw,
            formatted=correction.formatted,
            corrected=correction.corrected,
            created_at=now,
            expires_at=now + timedelta(days=self.policy.days),
            audio=f"{person}/{identifier}.wav" if with_audio else None,
        )

    def _sweep(self, now: datetime) -> None:
        """Delete what expired, at most once an hour; a failure there loses no correction."""
        with self._lock:
            if self._swept_at is not None and abs(now - self._swept_at) < SWEEP_EVERY:
                return
            self._swept_at = now
        try:
            swept = delete_expired(self._store, self.policy.bucket)
        except RegistryError as error:
            log.error(
                "expired corrections cannot be deleted",
                extra={"event": "corrections_sweep_failed", "error": str(error)},
            )
            return
        log.info(
            "expired corrections deleted",
            extra={"event": "corrections_swept", "expired": swept.expired, "unreadable": len(swept.unreadable)},
        )


def _wav(encoded: str) -> bytes:
    """Return base64 of raw 16-bit samples as a wav file."""
    try:
        pcm = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise CorrectionRefused("audio_int16 is not base64") from error
    if not pcm or len(pcm) % 2 or len(pcm) > MAX_AUDIO_S * SAMPLE_RATE_HZ * 2:
        raise CorrectionRefused(f"audio_int16 must hold whole 16-bit samples, at most {MAX_AUDIO_S:g} s at 16 kHz")
    buffer = io.BytesIO()
    with _opened(buffer) as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(pcm)
    return buffer.getvalue()


def _opened(buffer: io.BytesIO) -> Any:
    # The stubs of `wave` give the reader and the writer one type.
    return wave.open(buffer, "wb")
