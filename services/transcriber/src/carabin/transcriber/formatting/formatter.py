"""Turns Whisper's words into the report as it should be written: pure, deterministic, French."""

import unicodedata

from .options import Carry, FormatOptions, Formatted
from .rewriter import Rewriter
from .stream import Stream
from .style import FRENCH, PLAIN
from .tables import keys
from .tokens import tokenize, tokenize_within


class Formatter:
    """Formats the utterances of one dictation; holds options, never text."""

    def __init__(self, options: FormatOptions | None = None) -> None:
        self.options = options or FormatOptions()
        self._style = FRENCH if self.options.typography == "french" else PLAIN
        self._autotexts = {
            keys(name): name for name in sorted(self.options.autotexts, key=len, reverse=True) if keys(name)
        }

    def final(self, raw: str, carry: Carry | None = None) -> Formatted:
        """Return the text of a whole utterance.

        Args:
            raw: what Whisper wrote, any text.
            carry: what the utterance before left; without it the text stands alone and its open brackets are closed.
        """
        tokens = tokenize(unicodedata.normalize("NFC", raw))
        run = Rewriter(Stream(tokens), self.options, self._style, self._autotexts, carry or Carry(), len(tokens) + 1)
        run.to_end()
        if carry is None:
            run.close_brackets()
        text = run.renderer.text()
        return Formatted(text, tuple(run.events), len(text), Carry(run.open_brackets, run.renderer.capital))

    def partial(self, stable: str, tail: str, carry: Carry | None = None) -> Formatted:
        """Return the text of an utterance in progress.

        Args:
            stable: words that no longer change, in full.
            tail: words that may.
            carry: what the utterance before left.
        """
        stable = unicodedata.normalize("NFC", stable)
        tokens, whole = tokenize_within(stable + unicodedata.normalize("NFC", tail), len(stable))
        # The last stable token may still grow (« quatre » into « quatre-vingts »), so it does not count yet.
        firm = max(whole - 1, 0)
        run = Rewriter(Stream(tokens), self.options, self._style, self._autotexts, carry or Carry(), firm)
        run.to_end()
        return Formatted(run.renderer.text(), (), run.settled, Carry(run.open_brackets, run.renderer.capital))
