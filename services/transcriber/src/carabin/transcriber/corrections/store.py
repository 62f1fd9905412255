"""What a clinician corrected, kept only where the site says so, for those who agreed, under pseudonyms, for a while.

Layout of the bucket, the whole contract with whoever reads it:

    <person>/<id>.json     a `Kept` record; its existence makes the correction visible
    <person>/<id>.wav      the utterance, 16 kHz mono 16 bits, where the site keeps audio
"""

import base64
import binascii
import hashlib
import hmac
import io
import secrets
import threading
import wave
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from carabin.registry.store import ObjectStore
from pydantic import BaseModel, ConfigDict, Field

from ..core.config import SAMPLE_RATE_HZ
from ..core.errors import TranscriberError
from ..settings.web import Retention, WebSettings

MAX_TEXT = 5_000
"""Characters of one utterance: 30 s of speech have about 500."""
MAX_AUDIO_S = 60.0
"""Twice the longest utterance."""
MIN_SALT = 16
"""A shorter salt could be guessed, and names with it."""
SWEEP_EVERY = timedelta(hours=1)


class CorrectionRefused(TranscriberError):
    """A correction cannot be kept; the text says why and never repeats it."""


class CorrectionsOff(CorrectionRefused):
    """The site keeps no corrections."""


class CorrectionsMisconfigured(TranscriberError):
    """The settings ask for corrections and leave out what protects them."""


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
    audio_int16: str | None = Field(
        default=None, max_length=int(MAX_AUDIO_S * SAMPLE_RATE_HZ * 2 * 4 / 3) + 4, description="base64 of the samples"
    )


class Kept(BaseModel):
    """What the store holds."""

    model_config = ConfigDict(frozen=True)

    schema_version: int = 1
    id: str
    person: str = Field(description="pseudonym of the speaker")
    session: str = Field(description="pseudonym of the session: the audit log must not lead back from here")
    utterance: int
    model_version: str
    raw: str
    formatted: str
    corrected: str
    created_at: datetime
    expires_at: datetime
    audio: str | None = Field(default=None, description="key of the utterance's wav in the same bucket")


@dataclass(frozen=True, slots=True)
class CorrectionPolicy:
    """The site's choice.

    Raises:
        CorrectionsMisconfigured: retention without a salt that can keep a secret.
    """

    retention: Retention = "none"
    days: int = 90
    salt: str = ""
    bucket: str = "corrections"

    def __post_init__(self) -> None:
        if self.retention != "none" and len(self.salt) < MIN_SALT:
            raise CorrectionsMisconfigured(
                f"corrections are kept ({self.retention}) and CARABIN_TRANSCRIBER_CORRECTIONS_SALT has fewer than "
                f"{MIN_SALT} characters: set a long random one, and keep it"
            )

    def pseudonym(self, name: str) -> str:
        """Return 16 hex digits that only the salt's holder can lead back to a name."""
        return hmac.new(self.salt.encode(), name.encode(), hashlib.sha256).hexdigest()[:16]


def correction_policy(settings: WebSettings) -> CorrectionPolicy:
    """Return the site's choice about corrections.

    Raises:
        CorrectionsMisconfigured: they are kept without a salt.
    """
    salt = settings.corrections_salt.get_secret_value()
    return CorrectionPolicy(settings.corrections, settings.corrections_days, salt, settings.corrections_bucket)


class CorrectionStore:
    """Takes corrections in; blocking, to be called from a thread."""

    def __init__(
        self, store: ObjectStore, policy: CorrectionPolicy, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.policy = policy
        self._store = store
        self._now = now
        self._lock = threading.Lock()
        self._swept_at: datetime | None = None

    def keep(self, identity: str, correction: Correction) -> Kept:
        """Store one correction.

        Raises:
            CorrectionsOff: the site keeps none.
            CorrectionRefused: no consent, no change, or audio that is none.
        """
        if self.policy.retention == "none":
            raise CorrectionsOff("this site keeps no corrections")
        if not correction.consent:
            raise CorrectionRefused("without consent a correction is not kept: send consent: true")
        if not correction.corrected.strip():
            raise CorrectionRefused("the corrected text is empty: nothing can be learnt from it")
        self._sweep()
        person, identifier = self.policy.pseudonym(identity), secrets.token_hex(12)
        self._store.ensure_bucket(self.policy.bucket)
        audio = None
        if self.policy.retention == "audio+text" and correction.audio_int16:
            audio = f"{person}/{identifier}.wav"
            self._store.put(self.policy.bucket, audio, _wav(correction.audio_int16))
        kept = self._record(correction, person, identifier, audio)
        self._store.put(self.policy.bucket, f"{person}/{identifier}.json", kept.model_dump_json(indent=1).encode())
        return kept

    def forget(self, identity: str) -> int:
        """Delete all that is kept of one person; return how many corrections that were."""
        return delete_person(self._store, self.policy.bucket, self.policy.pseudonym(identity))

    def _record(self, correction: Correction, person: str, identifier: str, audio: str | None) -> Kept:
        now = self._now()
        return Kept(
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
            audio=audio,
        )

    def _sweep(self) -> None:
        """Delete what expired, at most once an hour."""
        with self._lock:
            if self._swept_at is not None and self._now() - self._swept_at < SWEEP_EVERY:
                return
            self._swept_at = self._now()
        delete_expired(self._store, self.policy.bucket, self._now())


def delete_person(store: ObjectStore, bucket: str, person: str) -> int:
    """Delete everything under a pseudonym, records first so that nothing half-deleted is visible; may be repeated."""
    store.ensure_bucket(bucket)
    keys = store.list(bucket, f"{person}/")
    records = [key for key in keys if key.endswith(".json")]
    for key in [*records, *(key for key in keys if key not in records)]:
        store.delete(bucket, key)
    return len(records)


def delete_expired(store: ObjectStore, bucket: str, now: datetime) -> int:
    """Delete the corrections whose time is over, and audio without a record; return how many corrections that were."""
    store.ensure_bucket(bucket)
    keys = store.list(bucket, "")
    expired = 0
    alive = set()
    for key in keys:
        if key.endswith(".json"):
            kept = Kept.model_validate_json(store.get(bucket, key))
            if kept.expires_at > now:
                alive.add(key.removesuffix(".json"))
                continue
            store.delete(bucket, key)
            expired += 1
    for key in keys:
        stem = key.removesuffix(".wav")
        if key != stem and stem not in alive and _is_old(store, bucket, key, now):
            store.delete(bucket, key)
    return expired


def _is_old(store: ObjectStore, bucket: str, key: str, now: datetime) -> bool:
    """A recording is written before its record: a fresh one may still get it."""
    return store.stat(bucket, key).modified < now - SWEEP_EVERY


def _wav(encoded: str) -> bytes:
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
    return wave.open(buffer, "wb")
