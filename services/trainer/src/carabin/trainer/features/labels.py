"""What the decoder must say: Whisper's prompt, the sentence, and in a share of the labels the times of its ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tokenizers import Tokenizer

from ..errors import BaseModelRefused, DatasetInvalid

MAX_LABELS: Final = 448
"""Whisper's text context, in tokens, its prompt included."""
IGNORED: Final = -100
"""Positions that carry no loss (torch.nn.functional.cross_entropy)."""
TIMESTAMP_S: Final = 0.02
"""Step of Whisper's timestamp tokens, in seconds."""


@dataclass(frozen=True, slots=True)
class Labels:
    """`inputs` are what the decoder reads, `targets` what it must answer at each place; as long as each other."""

    inputs: Sequence[int]
    targets: Sequence[int]


class LabelMaker:
    """Turns sentences into labels for one language.

    The prompt carries no loss: whoever serves the model gives it. Text begins with a space, as Whisper learnt it.

    Raises:
        BaseModelRefused: the tokenizer does not know the language or is not Whisper's.
    """

    def __init__(self, folder: Path, language: str = "fr") -> None:
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.encode_special_tokens = True  # « <|endoftext|> » in a sentence is text, never control
        self._before = self._id("<|startofprev|>")
        self._start = self._id("<|startoftranscript|>")
        self._prompt = [self._id(f"<|{language}|>"), self._id("<|transcribe|>")]
        self._no_timestamps = self._id("<|notimestamps|>")
        self._end = self._id("<|endoftext|>")

    @property
    def pad_id(self) -> int:
        """The token that fills a batch's shorter rows."""
        return self._end

    def __call__(
        self, sentence: str, duration_s: float, *, timestamps: bool = False, expected: Sequence[str] = ()
    ) -> Labels:
        """Return the labels of one dictation; an empty sentence ends at once.

        Args:
            expected: words that stand before the transcript as a prompt does; they carry no loss.

        Raises:
            DatasetInvalid: they do not fit Whisper's text context.
        """
        said = sentence.strip()
        text = self._tokenizer.encode(f" {said}", add_special_tokens=False).ids if said else []
        prompt = [*self._context(expected), self._start, *self._prompt]
        if timestamps:
            answer = [self._time(0.0), *text, *([self._time(duration_s)] if text else []), self._end]
        else:
            prompt.append(self._no_timestamps)
            answer = [*text, self._end]
        inputs = [*prompt, *answer[:-1]]
        if len(inputs) > MAX_LABELS:
            raise DatasetInvalid(
                f"a sentence of {len(said.split())} words, {len(text)} tokens, exceeds Whisper's {MAX_LABELS}"
            )
        return Labels(inputs, [IGNORED] * (len(prompt) - 1) + answer)

    def _context(self, expected: Sequence[str]) -> list[int]:
        if not expected:
            return []
        return [self._before, *self._tokenizer.encode(f" {', '.join(expected)}", add_special_tokens=False).ids]

    def _time(self, seconds: float) -> int:
        return self._no_timestamps + 1 + min(1500, round(seconds / TIMESTAMP_S))

    def _id(self, token: str) -> int:
        found = self._tokenizer.token_to_id(token)
        if found is None:
            raise BaseModelRefused(f"the base model's tokenizer does not know {token}")
        return int(found)
