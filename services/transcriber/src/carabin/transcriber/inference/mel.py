"""The log-mel spectrogram of audio that grows: frames that no later sample can change are computed once.

Equal to what faster-whisper's feature extractor computes from all of the audio, to the rounding of float32: its frames
are local, only the clamp to eight decades below the loudest frame looks at all of them.
"""

import threading
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..core.api import Samples

FLOOR = 1e-10
"""Least mel power, and how many decades below the loudest the quietest is kept: Whisper's own (OpenAI's audio.py)."""
DECADES = 8.0
_FIRST_FRAMES = 512
"""Five seconds; the buffer doubles when it is full."""


class MelExtractor(Protocol):
    """What is used of faster-whisper's `FeatureExtractor`."""

    n_fft: int
    hop_length: int
    mel_filters: Any
    """(mels, n_fft / 2 + 1) float32."""

    def stft(self, input_array: Any, n_fft: int, hop_length: int, **options: Any) -> Any:
        """Return the short-time Fourier transform, (n_fft / 2 + 1, frames) complex."""


class GrowingMel:
    """The spectrogram of one utterance; any thread may ask for it.

    Args:
        extractor: gives filters and transform.
    """

    def __init__(self, extractor: MelExtractor) -> None:
        self._extractor = extractor
        self._window = np.hanning(extractor.n_fft + 1)[:-1].astype(np.float32)
        self._lock = threading.Lock()
        self._settled = np.empty((self.n_mels, _FIRST_FRAMES), np.float32)
        self._n_settled = 0

    @property
    def n_mels(self) -> int:
        return int(self._extractor.mel_filters.shape[0])

    def settle(self, samples: Samples) -> int:
        """Compute the frames of `samples`, (n,) float32 from the utterance's start, that none behind them can change.

        Returns:
            How many frames of just these samples are settled.
        """
        half, hop = self._extractor.n_fft // 2, self._extractor.hop_length
        n = (len(samples) - half) // hop + 1 if len(samples) > 2 * half else 0
        with self._lock:
            first = self._n_settled
            if n > first:
                start = first * hop - half
                piece = samples[max(0, start) : (n - 1) * hop + half]
                if start < 0:
                    piece = np.concatenate([samples[1 : 1 - start][::-1], piece])
                self._reserve(n)
                self._settled[:, first:n] = self._log_power(piece)
                self._n_settled = n
        return n

    def frames(self, samples: Samples, silence: int) -> NDArray[np.float32]:
        """Return the features of `samples`, (n,) float32, with so many samples of silence behind them.

        Args:
            silence: at least one hop, so that nothing is mirrored at the end.

        Returns:
            (mels, (n + silence) / hop) float32, as Whisper's encoder takes them.
        """
        half, hop = self._extractor.n_fft // 2, self._extractor.hop_length
        n = self.settle(samples)
        rest = np.concatenate([samples[max(0, n * hop - half) :], np.zeros(silence, np.float32)])
        rest = np.pad(rest if n else np.pad(rest, (half, 0), "reflect"), (0, half))
        n_rest = (len(samples) + silence) // hop - n
        log_power = np.concatenate([self._settled[:, :n], self._log_power(rest)[:, :n_rest]], axis=1)
        scaled: NDArray[np.float32] = (np.maximum(log_power, log_power.max() - DECADES) + 4.0) / 4.0
        return scaled

    def _log_power(self, piece: Samples) -> NDArray[np.float32]:
        """Return the mel power of whole frames, (mels, frames) float32, as a decimal logarithm."""
        n_fft, hop = self._extractor.n_fft, self._extractor.hop_length
        spectrum = self._extractor.stft(piece, n_fft, hop, window=self._window, center=False, return_complex=True)
        power = self._extractor.mel_filters @ np.abs(spectrum.astype(np.complex64)) ** 2
        log_power: NDArray[np.float32] = np.log10(np.clip(power, FLOOR, None))
        return log_power

    def _reserve(self, n: int) -> None:
        if n > self._settled.shape[1]:
            larger = np.empty((self.n_mels, max(n, 2 * self._settled.shape[1])), np.float32)
            larger[:, : self._n_settled] = self._settled[:, : self._n_settled]
            self._settled = larger
