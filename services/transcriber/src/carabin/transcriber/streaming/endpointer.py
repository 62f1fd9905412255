"""From samples to utterances: where speech begins, pauses and ends; counted in samples, so that no time can drift."""

import math
from collections import deque
from typing import Protocol

import numpy as np

from ..core.api import Samples
from ..core.config import SAMPLE_RATE_HZ, SessionConfig
from .endpoint_policy import EndpointPolicy, live_policy
from .utterance import Utterance
from .vad import WINDOW, SileroStream, VoiceActivity


class EndpointerListener(Protocol):
    """Called for the utterance in progress; there is one at a time."""

    def utterance_began(self, utterance: Utterance) -> None:
        """Speech began."""

    def speech_continued(self) -> None:
        """A window held speech."""

    def speech_paused(self, silence_s: float) -> None:
        """There has been silence for so long, and it is not yet an end."""

    def utterance_ended(self, utterance: Utterance) -> None:
        """A pause, a flush or a cut ended it; its audio grows no more."""


class Endpointer:
    """Finds the utterances of one session. Audio may come in any pieces."""

    def __init__(
        self, config: SessionConfig, listener: EndpointerListener, policy: EndpointPolicy | None = None
    ) -> None:
        self.position = 0
        """Samples that the voice activity detection has seen."""
        self.speech_windows = 0
        """Of these, the windows in which it found speech."""
        self._config = config
        self._policy = policy or live_policy(config)
        self._listener = listener
        self._vad = SileroStream()
        self._activity = VoiceActivity(config.vad)
        self._rest = np.zeros(0, np.float32)
        self._preroll: deque[tuple[Samples, float]] = deque(
            maxlen=max(1, math.ceil(config.vad.speech_pad_s * SAMPLE_RATE_HZ / WINDOW))
        )
        self._current: Utterance | None = None
        self._numbered = 0

    @property
    def received(self) -> int:
        """Samples that came, seen or not."""
        return self.position + len(self._rest)

    @property
    def settled(self) -> int:
        """The sample up to which no utterance to come can reach back, while none is in progress."""
        return self.position - WINDOW * len(self._preroll)

    @property
    def numbered(self) -> int:
        """How many utterances began."""
        return self._numbered

    def push(self, samples: Samples) -> None:
        """Take audio; what does not fill a VAD window waits for more."""
        self._rest = np.concatenate([self._rest, samples])
        n = len(self._rest) // WINDOW * WINDOW
        if n:
            whole, self._rest = self._rest[:n], self._rest[n:]
            self._push_windows(whole, WINDOW)

    def end(self) -> None:
        """Take the samples that fill no window yet, and end the utterance, pause or not."""
        if n := len(self._rest):
            # The VAD wants a whole window; the zeros that fill it take no time.
            window, self._rest = np.pad(self._rest, (0, WINDOW - n)), self._rest[:0]
            self._push_windows(window, n)
        if self._current is not None:
            self._end()
        self._preroll.clear()

    def close(self) -> None:
        """Let go of all audio; nothing may follow."""
        self._current = None
        self._preroll.clear()
        self._rest = self._rest[:0].copy()

    def _push_windows(self, samples: Samples, n_real: int) -> None:
        """Take whole VAD windows; only the first `n_real` samples of the last one are the session's."""
        windows = samples.reshape(-1, WINDOW)
        for i, probability in enumerate(self._vad.probabilities(samples)):
            self.position += n_real if i == len(windows) - 1 else WINDOW
            self._push_window(windows[i], float(probability))

    def _push_window(self, window: Samples, probability: float) -> None:
        speech = self._activity.step(probability)
        self.speech_windows += speech
        if self._current is None:
            if not speech and self._config.use_vad:
                self._preroll.append((window, probability))
                return
            self._begin()
        utterance = self._current
        assert utterance is not None
        utterance.append(window, probability, speech)
        if speech:
            self._listener.speech_continued()
        elif utterance.speech_stop and self._activity.silence_s >= self._policy.silence_that_ends_s(utterance.speech_s):
            self._end()
            return
        elif utterance.speech_stop:
            self._listener.speech_paused(self._activity.silence_s)
        if utterance.length_s >= self._policy.longest_s:
            self._cut(utterance)

    def _begin(self) -> None:
        start = self.position - WINDOW * (1 + len(self._preroll))
        utterance = Utterance(self._number(), max(0, start), trimmed=self._config.use_vad)
        for window, probability in self._preroll:
            utterance.append(window, probability, False)
        self._preroll.clear()
        self._current = utterance
        self._listener.utterance_began(utterance)

    def _end(self) -> None:
        utterance, self._current = self._current, None
        assert utterance is not None
        # The silence behind its last word is the next one's pre-roll.
        for i in range(-(-utterance.spoken_stop // WINDOW), len(utterance.probabilities)):
            self._preroll.append((utterance.audio.view(i * WINDOW, (i + 1) * WINDOW), utterance.probabilities[i]))
        self._tell_ended(utterance)

    def cut_behind(self, utterance: Utterance, end_s: float) -> bool:
        """End the utterance in progress behind the word that ends at `end_s`; what follows goes on as a new one.

        Returns:
            False where this is not the utterance in progress any more, or where there is no room for a cut.
        """
        at = utterance.between_words(end_s)
        if utterance is not self._current or not 0 < at < utterance.speech_stop:
            return False
        self._split(utterance, at)
        return True

    def _cut(self, utterance: Utterance) -> None:
        """Speech that is too long for one window goes on as a new utterance, from its longest pause.

        A cut behind the last speech ends it: what follows would be an utterance of silence, without an end.
        """
        at = utterance.cut(self._config.vad.threshold, self._policy.search_s)
        if at >= utterance.speech_stop > 0:
            self._end()
        else:
            self._split(utterance, at)

    def _split(self, utterance: Utterance, at: int) -> None:
        rest = utterance.split(at, self._number())
        self._current = rest
        self._tell_ended(utterance)
        self._listener.utterance_began(rest)

    def _tell_ended(self, utterance: Utterance) -> None:
        utterance.received_stop = self.position
        self._listener.utterance_ended(utterance)

    def _number(self) -> int:
        self._numbered += 1
        return self._numbered - 1
