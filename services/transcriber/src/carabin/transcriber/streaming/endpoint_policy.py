"""How much silence ends an utterance, and how long one may grow; pure.

An utterance costs what its window costs, and its final waits for all of it. So the silence that ends one shrinks while
it grows: somebody who pauses is cut at their pauses, somebody who does not is cut at breaths, and both stay in the
small windows. Measured on sentences joined with 0.25 s gaps, Whisper base, two cores: finals 0.8 s behind the speech
instead of 2.9 s, and fewer word errors (docs/decisions/continuous-dictation.md).
"""

from dataclasses import dataclass

from ..core.config import SessionConfig


@dataclass(frozen=True, slots=True)
class EndpointPolicy:
    """See the module. All values are seconds."""

    silence_s: float
    """What ends an utterance as long as it is short."""
    shrink_from_s: float
    """Length from which the silence shrinks, down to `least_silence_s` at `shrink_to_s`."""
    shrink_to_s: float
    least_silence_s: float
    longest_s: float
    """An utterance as long as this is cut, pause or not."""
    search_s: float
    """The cut is looked for in the last seconds of this many."""

    def silence_that_ends_s(self, length_s: float) -> float:
        """Return the silence that ends an utterance of this length."""
        if self.silence_s <= self.least_silence_s or length_s <= self.shrink_from_s:
            return self.silence_s
        share = min(1.0, (length_s - self.shrink_from_s) / (self.shrink_to_s - self.shrink_from_s))
        return self.silence_s + share * (self.least_silence_s - self.silence_s)


LEAST_SILENCE_S = 0.16
"""Five VAD windows: shorter pauses are the stops inside words."""


def live_policy(config: SessionConfig) -> EndpointPolicy:
    """Return the policy for somebody who speaks now: finals are wanted early."""
    return EndpointPolicy(
        silence_s=config.vad.min_silence_s,
        shrink_from_s=2.0,
        shrink_to_s=4.0,
        least_silence_s=LEAST_SILENCE_S if config.vad.adaptive else config.vad.min_silence_s,
        longest_s=12.0,
        search_s=6.0,
    )


def recording_policy(config: SessionConfig) -> EndpointPolicy:
    """Return the policy for a recording: nobody waits, and the longest context decodes best."""
    return EndpointPolicy(
        silence_s=max(1.0, config.vad.min_silence_s) if config.vad.adaptive else config.vad.min_silence_s,
        shrink_from_s=12.0,
        shrink_to_s=22.0,
        least_silence_s=LEAST_SILENCE_S if config.vad.adaptive else config.vad.min_silence_s,
        longest_s=25.0,
        search_s=10.0,
    )
