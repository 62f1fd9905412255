"""An engine without a model, for unit tests: it writes one numbered word for each half second of loud audio."""

import threading
from collections.abc import Callable, Sequence

import numpy as np
from carabin.registry.serving_window import WindowPolicy

from ..core.config import SAMPLE_RATE_HZ
from ..core.errors import DecodeFailed
from ..inference.engine import DecodeRequest, DecodeTiming, Hypothesis, TimedWord, TokenWord

LOUD = 0.01
WORD_SAMPLES = SAMPLE_RATE_HZ // 2

Script = Callable[[DecodeRequest], Hypothesis]


class FakeEngine:
    """Deterministic; word i has the text ` <word>i` and the token 100 + i.

    Args:
        word: what its words begin with, so that tests see which model wrote them.
        script: makes the hypothesis instead; whatever it raises is raised.
        gate: decodes wait for it, so that tests can hold the queue.
    """

    def __init__(
        self,
        word: str = "mot",
        *,
        script: Script | None = None,
        max_batch: int = 4,
        n_mels: int = 80,
        gate: threading.Event | None = None,
        windows: WindowPolicy | None = None,
    ) -> None:
        self.closed = False
        self.batches: list[list[DecodeRequest]] = []
        self.windows = windows or WindowPolicy()
        self.max_batch = max_batch
        self.n_mels = n_mels
        self.end_of_text = 50257
        self._word = word
        self._script = script
        self.gate = gate

    def growing_mel(self) -> None:
        return None

    def knows(self, language: str) -> bool:
        return language in ("fr", "en")

    def encode_text(self, text: str) -> tuple[int, ...]:
        return tuple(range(1000, 1000 + len(text.split())))

    def decode(self, batch: Sequence[DecodeRequest]) -> tuple[list[Hypothesis], DecodeTiming]:
        if self.closed:
            raise DecodeFailed("the engine is closed")
        if len({request.batch_key for request in batch}) > 1:
            raise DecodeFailed("the prompts of a batch must be equally long")
        self.batches.append(list(batch))
        if self.gate is not None:
            self.gate.wait()
        return [(self._script or self.transcribe)(request) for request in batch], DecodeTiming(0.0, 0.0)

    def transcribe(self, request: DecodeRequest) -> Hypothesis:
        """Return the plain hypothesis for a request."""
        n = int(np.sum(np.abs(request.samples) > LOUD)) // WORD_SAMPLES
        aligned = request.word_timestamps
        words = [TokenWord(f" {self._word}{i}", (100 + i,), (i + 1) * 0.5 if aligned else None) for i in range(n)]
        new = words[len(request.prefix) :]
        return Hypothesis(
            text="".join(word.text for word in new),
            words=tuple(new),
            avg_logprob=-0.1,
            no_speech_prob=0.01,
            n_tokens=n,
            hit_cap=n >= request.max_tokens,
            language=request.language or "fr",
            language_probability=1.0 if request.language else 0.9,
            timed_words=tuple(TimedWord(w.text, i * 0.5, (i + 1) * 0.5, 0.9) for i, w in enumerate(new))
            if request.word_timestamps
            else (),
        )

    def close(self) -> None:
        self.closed = True
