"""Says words to the page through the real service, at the moment that a test chooses."""

from collections import Counter

from carabin.transcriber.core.events import AudioAcknowledged, Event, Final, Partial, Word
from carabin.transcriber.testing.dictation import FakeDictation
from carabin.transcriber.testing.transcriber import FakeTranscriber

from .servers import LoopThread

RATE_HZ = 16_000


class Speaker:
    """Speaks into the newest session; each `final` is an utterance of its own."""

    def __init__(self, transcriber: FakeTranscriber, loop: LoopThread) -> None:
        self._transcriber = transcriber
        self._loop = loop
        self._utterances: Counter[str] = Counter()
        self._newest: FakeDictation | None = None
        self._revisions = 0
        self._start_s: float | None = None

    @property
    def dictation(self) -> FakeDictation:
        """The session that was opened last."""
        self._newest = next(reversed(self._transcriber.dictations.values()), self._newest)
        assert self._newest is not None, "no session was opened"
        return self._newest

    def begins(self) -> None:
        """The next words begin here in the recording."""
        self._start_s = self._now_s()

    def partial(self, text: str, stable: int | None = None) -> None:
        """Show words in progress; the first `stable` of them are settled, by default all but the last."""
        if self._start_s is None:
            self.begins()
        words = [" " + word for word in text.split()]
        settled = len(words) - 1 if stable is None else stable
        self._revisions += 1
        self._say(
            Partial(
                utterance=self._utterances[self.dictation.id],
                revision=self._revisions,
                start_s=self._start_s or 0.0,
                end_s=self._now_s(),
                stable="".join(words[:settled]),
                tail="".join(words[settled:]),
                model_version="v",
                language="fr",
            )
        )

    def final(self, text: str, probabilities: dict[str, float] | None = None, lexicon: tuple[str, ...] = ()) -> None:
        """Make the words in progress final, as this text."""
        start_s = self._now_s() if self._start_s is None else self._start_s
        end_s = self._now_s()
        words = tuple(Word(" " + word, start_s, end_s, (probabilities or {}).get(word, 0.9)) for word in text.split())
        number = self._utterances[self.dictation.id]
        self._utterances[self.dictation.id] += 1
        self._start_s = None
        self._say(Final(number, start_s, end_s, f" {text}", words, 0.9, "v", "fr", lexicon=lexicon))
        self._say(AudioAcknowledged(end_s))

    def _say(self, event: Event) -> None:
        async def say() -> None:
            self.dictation.emit(event)

        self._loop.run(say())

    def _now_s(self) -> float:
        return self.dictation.pushed_samples / RATE_HZ
