"""What is asked of the engine for one utterance: the window, the prompt and the length of each decode; pure."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from carabin.registry.serving_window import FINAL_TOKENS_PER_S, PARTIAL_TOKENS_PER_S, frames_in, token_cap

from ..core.config import SAMPLE_RATE_HZ, SessionConfig
from ..inference.engine import DecodeRequest
from ..inference.mel import GrowingMel
from ..models.prompt import Prompt
from ..models.slot import ModelHandle
from .utterance import Utterance

FINAL_SILENCE_S = 0.35
"""Put behind an utterance, which is cut at its last sound. Measured on 64 dictated sentences with a stock Whisper base:
word errors of 66.5 % without it and 63.7 % with it, as with so much real silence; a model of ours is at 51.5 % with
either."""


@dataclass(slots=True)
class DecodeRequests:
    """Builds the requests of one utterance on one model."""

    config: SessionConfig
    utterance: Utterance
    model: ModelHandle
    prompt: Prompt
    mel: GrowingMel | None = field(init=False)
    min_window: int = 0
    """Frames; raised where a decode in a smaller window repeated itself."""

    def __post_init__(self) -> None:
        self.mel = self.model.engine.growing_mel()

    def partial(self, language: str | None, *, prompted: bool) -> DecodeRequest:
        """Return the decode of what there is so far, behind the words that are stable."""
        n = len(self.utterance.audio)
        prefix = self.utterance.agreement.prefix
        return self._request(n, language, 1, PARTIAL_TOKENS_PER_S, prompted, prefix=prefix, word_timestamps=True)

    def final(
        self,
        language: str | None,
        beam_size: int,
        *,
        prompted: bool,
        lexicon: bool = True,
        draft: Callable[[], str] | None = None,
    ) -> DecodeRequest:
        """Return the decode of the utterance as if it ended with its last speech.

        Args:
            lexicon: decode a second time with the lexicon's words that sound like what was written.
            draft: returns what the newest partial wrote: that decode may begin beside the first one, with what sounds
                like it.
        """
        n = self.utterance.spoken_stop
        request = self._request(
            n,
            language,
            beam_size,
            FINAL_TOKENS_PER_S,
            prompted,
            word_timestamps=self.config.word_timestamps,
            silence_s=FINAL_SILENCE_S,
        )
        return replace(request, second_pass=self.prompt.second_pass(), draft=draft) if lexicon else request

    def _request(
        self,
        n: int,
        language: str | None,
        beam_size: int,
        tokens_per_s: int,
        prompted: bool,
        *,
        prefix: tuple[int, ...] = (),
        word_timestamps: bool = False,
        silence_s: float = 0.0,
    ) -> DecodeRequest:
        return DecodeRequest(
            samples=self.utterance.audio.view(0, n),
            window_frames=max(self.min_window, self.model.engine.windows.window_for(frames_in(n))),
            language=language,
            task=self.config.task,
            beam_size=beam_size,
            max_tokens=token_cap(frames_in(n), tokens_per_s),
            prompt=self.prompt.tokens if prompted and self._holds_speech() else (),
            prefix=prefix,
            word_timestamps=word_timestamps,
            silence_s=silence_s,
            mel=self.mel,
        )

    def _holds_speech(self) -> bool:
        """Return whether there is speech for the prompt to help with: on silence the prompt itself is written."""
        return self.utterance.speech_samples >= self.config.vad.min_speech_s * SAMPLE_RATE_HZ
