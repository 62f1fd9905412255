"""One recording of others: its sound as one channel at one rate, and what is known of it once it is decoded."""

from collections.abc import Iterator
from typing import BinaryIO, Final

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from ..errors import AudioFileRefused, AudioHoldsNothing
from .container import ReadableFile, open_audio
from .frames import FrameReader, Gap, joined_gaps
from .mixdown import Mixdown
from .promised_length import promises_length
from .sample_format import RecordingFormat
from .spectrum import RATE_HZ
from .speech import SpeechJudge
from .wav_header import CorrectedWav, WavLength, read_wav_length

Samples = NDArray[np.float32]
"""(n,) float32, mono, in [-1, 1]."""

MAX_HOURS: Final = 12.0
"""A header of some bytes can promise days of silence; no dictation and no meeting lasts half a day."""


class Recording:
    """A file that is decoded once, block by block; everything but `blocks` is complete behind the last block.

    What cannot be decoded is left out, and what follows it is there. A WAV whose header says less than the file holds,
    or nothing, is read to its end.

    Args:
        file: opened for reading, seekable.
        rate_hz: of the samples that are returned, whatever the file's own.
        name: of the file. Its content says what it is; the suffix counts for what has no header (`HEADERLESS`).
    """

    def __init__(self, file: BinaryIO, rate_hz: int = RATE_HZ, max_hours: float = MAX_HOURS, *, name: str = "") -> None:
        self.own_rate_hz = 0
        self.n_channels = 0
        self.promised_s: float | None = None
        """Seconds of sound by the container's header; None where it does not say, or only guesses."""
        self.duration_s = 0.0
        """Seconds that were decoded."""
        self.sound_end_s = 0.0
        """Where the last decoded sound ends by the container's clock, which runs on through gaps."""
        self.gaps: tuple[Gap, ...] = ()
        """What could not be decoded between the first and the last decoded sound, in order."""
        self.mixdown = Mixdown(rate_hz)
        self.speech = SpeechJudge()
        """Whether it may hold speech; asked at 16 kHz only."""
        self._file = file
        self._name = name
        self._rate_hz = rate_hz
        self._most = int(max_hours * 3600 * rate_hz)
        self._max_hours = max_hours
        self._wav: WavLength | None = None

    @property
    def header_corrected(self) -> bool:
        """Whether the header said less than the file holds, or left it open: all of the file is read."""
        return self._wav is not None and self._wav.says_too_little

    def blocks(self) -> Iterator[Samples]:
        """Yield the sound in blocks of (n,) samples, in order, its channels mixed to one.

        Raises:
            AudioFileRefused: no such container, no audio stream, too long, or samples of another format than it says.
            AudioHoldsNothing: no sample can be decoded.
            ResourcesExhausted: memory or threads are short; the recording may be sound.
        """
        n_samples = 0
        for block in self._mixed():
            n_samples += len(block)
            self.duration_s = n_samples / self._rate_hz
            if self._rate_hz == RATE_HZ:
                self.speech.push(block)
            yield block
        if not n_samples:
            raise AudioHoldsNothing("the recording is empty: no sound that can be decoded follows its header")

    def _mixed(self) -> Iterator[Samples]:
        self._wav = read_wav_length(self._file)
        source: ReadableFile = self._file
        if self._wav and self._wav.says_too_little:
            source = CorrectedWav(self._file, self._wav)
        source.seek(0)
        with open_audio(source, self._name) as (container, stream):
            self.own_rate_hz, self.n_channels = stream.rate, stream.channels
            reader = FrameReader(container, stream)
            for part in self._resampled(reader, stream):
                yield from self.mixdown.push(part)
            yield from self.mixdown.flush()
            self._describe(container, reader)

    def _resampled(self, reader: FrameReader, stream: AudioStream) -> Iterator[NDArray[np.float32]]:
        """Yield (n, c) samples at the rate that is wanted."""
        # Interleaved: PyAV reads beyond its frame where each of eight channels or more has a plane of its own.
        resampler = AudioResampler(format="flt", layout=stream.layout, rate=self._rate_hz)
        left = self._most
        form = RecordingFormat(stream.rate) if stream.codec_context.name.startswith("pcm_") else None
        for frame in reader.frames():
            if form:
                form.push(_first_channel(frame))
                _refuse_format(form, ended=False)
            frame.pts = None  # a recorder's gap in time stamps must not stop the resampler
            for part in resampler.resample(frame):
                left -= part.samples
                if left < 0:
                    raise AudioFileRefused(f"the recording is longer than {self._max_hours:g} hours")
                yield _samples(part)
        if form:
            _refuse_format(form, ended=True)
        if left < self._most:
            yield from map(_samples, resampler.resample(None))

    def _describe(self, container: InputContainer, reader: FrameReader) -> None:
        held_s = self.mixdown.n_values / max(1, self.n_channels) / self._rate_hz
        self.sound_end_s = max(held_s, reader.sound_end_s)
        # What is undecodable behind the last sound is garbage, or an end that is missing: the header says which.
        self.gaps = tuple(gap for gap in joined_gaps(reader.damaged) if gap[0] < self.sound_end_s and gap[1] > gap[0])
        self.promised_s = _promised_s(container, self._file, self._wav, held_s, reader.start_s or 0.0)


def decode(
    file: BinaryIO, rate_hz: int = RATE_HZ, max_hours: float = MAX_HOURS, *, name: str = ""
) -> Iterator[Samples]:
    """Yield a recording in blocks of (n,) samples, in order, its channels mixed to one.

    Raises:
        AudioFileRefused, AudioHoldsNothing, ResourcesExhausted: see `Recording.blocks`.
    """
    return Recording(file, rate_hz, max_hours, name=name).blocks()


def _promised_s(
    container: InputContainer, file: BinaryIO, wav: WavLength | None, held_s: float, start_s: float
) -> float | None:
    if wav is not None:
        # By bytes: what a header says of bytes per second need not be true either.
        return None if wav.promised_bytes is None else held_s * wav.promised_bytes / max(1, wav.held_bytes)
    if container.duration is None or not promises_length(container.format.name, file):
        return None
    # Ogg says when the last packet ends, by a clock that runs before the first.
    lead_s = abs(start_s) if container.format.name == "ogg" else 0.0
    return max(0.0, container.duration / av.time_base - lead_s)


def _refuse_format(form: RecordingFormat, *, ended: bool) -> None:
    if fault := form.fault(ended=ended):
        reason = f"{fault.found}; probably {fault.probable}"
        raise AudioFileRefused(f"it is not in the format that its header says: {reason}")


def _first_channel(frame: av.AudioFrame) -> NDArray[np.float32]:
    """Return (n,) samples in [-1, 1] as the decoder of uncompressed sound wrote them."""
    values = frame.to_ndarray().reshape(frame.samples, -1)[:, 0]
    if values.dtype.kind == "f":
        return values.astype(np.float32)
    zero = 128 if values.dtype.kind == "u" else 0
    scale = float(2 ** (8 * values.dtype.itemsize - 1))
    return ((values.astype(np.float64) - zero) / scale).astype(np.float32)


def _samples(frame: av.AudioFrame) -> NDArray[np.float32]:
    return np.asarray(frame.to_ndarray(), np.float32).reshape(frame.samples, -1)
