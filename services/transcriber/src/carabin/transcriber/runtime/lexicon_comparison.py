"""Recordings decoded as live finals are, without and with a lexicon: what the lexicon would change of them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from carabin.lexicon import Lexicon
from carabin.registry.serving_window import FINAL_TOKENS_PER_S, frames_in, token_cap

from ..core.api import Samples
from ..inference.engine import DecodeRequest, Engine, Hypothesis
from ..models.lexicons import LoadedLexicon
from ..models.prompt import build_prompt
from ..models.second_pass import LexiconPass
from ..streaming.decode_requests import FINAL_SILENCE_S

BEAM_SIZE = 5


def compare(
    engine: Engine, lexicon: Lexicon, recordings: Sequence[Samples], language: str = "fr"
) -> Iterator[tuple[int, str, str]]:
    """Decode each recording once without the lexicon and, where its words sound like entries, once more with them.

    Recordings of one window share batches, so they come in another order than they were given.

    Args:
        recordings: each (n,) float32 at 16 kHz, at most 30 s; asked for twice, and held for one batch.

    Yields:
        a recording's place in `recordings`, its text without the lexicon, and its text with it.
    """
    loaded = LoadedLexicon(lexicon, {})
    by_window: dict[int, list[int]] = defaultdict(list)
    for place, samples in enumerate(recordings):
        by_window[engine.windows.window_for(frames_in(len(samples)))].append(place)
    for window, places in by_window.items():
        for start in range(0, len(places), engine.max_batch):
            batch = places[start : start + engine.max_batch]
            passes = [_FirstTextKept(engine, loaded) for _ in batch]
            requests = [
                DecodeRequest(
                    samples,
                    window,
                    language,
                    beam_size=BEAM_SIZE,
                    max_tokens=token_cap(frames_in(len(samples)), FINAL_TOKENS_PER_S),
                    silence_s=FINAL_SILENCE_S,
                    second_pass=each,
                )
                for samples, each in zip((recordings[place] for place in batch), passes, strict=True)
            ]
            found, _ = engine.decode(requests)
            for place, each, hypothesis in zip(batch, passes, found, strict=True):
                yield place, each.first.strip(), hypothesis.text.strip()


class _FirstTextKept(LexiconPass):
    """The second decode of a live final, which keeps the first one's text; empty where nothing was said."""

    def __init__(self, engine: Engine, loaded: LoadedLexicon) -> None:
        super().__init__((loaded,), lambda texts: build_prompt(engine, texts, None).tokens)
        self.first = ""

    def prompt(self, first: Hypothesis) -> tuple[int, ...]:
        """Keep the first text; return what the pass of a live final returns."""
        self.first = first.text
        return super().prompt(first)
