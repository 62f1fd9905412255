"""The interface of a loaded model; `inference.ct2` is the real one, `testing.engine` ships for tests."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from carabin.registry.serving_window import WindowPolicy

from ..core.api import Samples
from ..core.config import Task
from .mel import GrowingMel


@dataclass(frozen=True, slots=True)
class MergedText:
    """The text of a first decode with words of a second one."""

    text: str
    lexicon: tuple[str, ...] = ()
    """The lexicon's entries among them, in order."""


class SecondPass(Protocol):
    """Decides whether a final is decoded a second time on the same encoder output, and what is taken from that."""

    def early_prompt(self, draft: str) -> tuple[int, ...]:
        """Return the prompt of a second decode that begins with the first, from a draft of its text; empty for none.

        Called on another thread than the rest, at most once.
        """

    def is_early(self, first: "Hypothesis") -> bool:
        """Say whether the decode with the early prompt is as good as one with `prompt`; it may still be running."""

    def prompt(self, first: "Hypothesis") -> tuple[int, ...]:
        """Return the prompt of the second decode; empty for none."""

    def merged(self, first: "Hypothesis", second: "Hypothesis | None") -> MergedText:
        """Return what the text is now; None where there was no second decode."""


@dataclass(frozen=True, slots=True)
class DecodeRequest:
    """One decode of one utterance, whole or so far."""

    samples: Samples
    """(n,) float32, at most 30 s."""
    window_frames: int
    language: str | None
    """None detects it."""
    task: Task = "transcribe"
    beam_size: int = 1
    max_tokens: int = 224
    prompt: tuple[int, ...] = ()
    """Tokens of the prompt, without the marks around them."""
    prefix: tuple[int, ...] = ()
    """Tokens that the text must begin with."""
    word_timestamps: bool = False
    silence_s: float = 0.0
    """Silence to append to the samples: a model that was not trained on sentences cut at their end needs some."""

    second_pass: SecondPass | None = None
    draft: Callable[[], str] | None = None
    """Returns what the newest partial wrote, when it is asked: the second pass may begin with that beside the first
    decode. None where no core is free for it."""
    mel: GrowingMel | None = None
    """Keeps features from one request of an utterance to the next; None computes them from all samples."""

    @property
    def batch_key(self) -> tuple[object, ...]:
        """Requests with equal keys can share one call: CTranslate2 wants the prompts of a batch equally long."""
        return (self.window_frames, len(self.prompt), self.beam_size, self.task)


@dataclass(frozen=True, slots=True)
class TokenWord:
    """A word and the tokens it is made of."""

    text: str
    """With Whisper's leading space; a word that continues the one before it has none."""
    tokens: tuple[int, ...]
    end_s: float | None = None
    """From the start of the request's samples; None where the words were not aligned with the audio."""
    probability: float = 1.0
    """Of its least likely token given the audio; 1 where the words were not aligned with it."""


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word with its times from the start of the request's samples."""

    text: str
    start_s: float
    end_s: float
    probability: float


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What a decode found, without the forced prefix."""

    text: str
    words: tuple[TokenWord, ...]
    avg_logprob: float
    """Mean log-probability of the tokens, the forced prefix included."""
    no_speech_prob: float
    n_tokens: int
    """The forced prefix included."""
    hit_cap: bool
    """The decode ended because it may not be longer."""
    language: str
    language_probability: float
    """1 where the language was given."""
    timed_words: tuple[TimedWord, ...] = ()
    lexicon: tuple[str, ...] = ()
    """Entries of the lexicon that a second decode put in."""
    alternatives: tuple[str, ...] = ()
    """What the beam search found beside `text`, the best first; only where the request has a second pass."""
    passes: int = 1
    """Decodes of the same encoder output."""


@dataclass(frozen=True, slots=True)
class DecodeTiming:
    """Seconds that one batch took."""

    encode_s: float
    decode_s: float


class Engine(Protocol):
    """One loaded model. `decode` may be called from as many threads at once as it has replicas."""

    @property
    def windows(self) -> WindowPolicy:
        """The encoder windows that this model decodes reliably."""

    @property
    def n_mels(self) -> int:
        """Mel bins that the weights take."""

    @property
    def max_batch(self) -> int:
        """How many requests pay off in one batch on this device."""

    def growing_mel(self) -> GrowingMel | None:
        """Return a new, empty spectrogram for the requests of one utterance; None where the engine takes none."""

    def knows(self, language: str) -> bool:
        """Return whether the model has a token for this language code."""

    @property
    def end_of_text(self) -> int:
        """The token that ends every text; before a prompt it means nothing."""

    def encode_text(self, text: str) -> tuple[int, ...]:
        """Return the tokens of a text, all of them below `end_of_text`.

        What looks like a control token, such as `<|endoftext|>`, is text as well: its characters are encoded.
        """

    def decode(self, batch: Sequence[DecodeRequest]) -> tuple[list[Hypothesis], DecodeTiming]:
        """Decode requests with one and the same `batch_key`, in order.

        Raises:
            DecodeFailed: the library failed; the text names its error and never the audio's words.
        """

    def close(self) -> None:
        """Give the memory back; no decode may follow. Closing again does nothing."""
