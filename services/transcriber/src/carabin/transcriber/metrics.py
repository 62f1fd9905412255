"""What Prometheus may know: counts and seconds, never a word that was dictated."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from .core.memory import heap_bytes
from .version_series import VersionSeries

_SECONDS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.3, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0)
_PREFIX = "carabin_transcriber_"
_PROBABILITIES = (0.2, 0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0)


class Metrics:
    """All series of one transcriber, in a registry of their own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.sessions = self._gauge("sessions", "Open sessions")
        self.session_outcomes = self._counter(
            "session_outcomes_total", "Sessions that ended, by outcome: refused, finished, cancelled", "outcome"
        )
        self.speaking = self._gauge("speaking", "Sessions with an utterance in progress")
        self.queue_wait = self._histogram(
            "queue_wait_seconds", "From submitting a decode to a worker's taking it", "lane"
        )
        self.queue_length = self._gauge("queue_length", "Decodes that wait", "lane")
        self.encode = self._histogram("encode_seconds", "Encoder time of one batch")
        self.decode = self._histogram("decode_seconds", "Decoder time of one batch")
        self.batch_size = self._histogram("batch_size", "Requests in one batch", buckets=(1, 2, 3, 4, 6, 8, 12, 16, 32))
        self.window_frames = self._counter(
            "window_requests_total", "Decodes by encoder window, in 10 ms frames", "frames"
        )
        self.first_partial = self._histogram(
            "first_partial_latency_seconds",
            "From the speech's first sample, had it come in real time, to its first text",
        )
        self.final = self._histogram(
            "final_latency_seconds", "From the end of speech to its final, as the audio came in"
        )
        self.audio_seconds = self._counter("audio_seconds_total", "Audio pushed")
        self.audio_behind = self._gauge(
            "audio_behind_seconds", "Most audio that any session has waiting to be processed"
        )
        self.coalesced = self._counter(
            "coalesced_partials_total", "Partials replaced by newer ones before a worker came"
        )
        self.speculations = self._counter(
            "speculative_finals_total", "Finals decoded before the pause was sure", "outcome"
        )
        self.retries = self._counter("retries_total", "Decodes done again", "reason")
        self.second_decodes = self._counter(
            "second_decodes_total", "Finals decoded again with words of the lexicon, by what came of it", "outcome"
        )
        self.rejected = self._counter("rejected_total", "Utterances without text after all retries", "reason")
        self.failures = self._counter("decode_failures_total", "Requests that failed twice")
        self.callback_failures = self._counter(
            "callback_failures_total", "Decodes whose callback raised: an error in the program, logged", "lane"
        )
        self.overload = self._gauge("overload_level", "0 ease, 1 slower partials, 2 small beam, 3 greedy, 4 refusing")
        self.beam = self._counter("finals_total", "Finals by beam size", "beam")
        self.prompt_cut = self._counter("prompt_tokens_cut_total", "Prompt tokens that did not fit")
        self.model = self._gauge("model_info", "1 for each version in use", "model_name", "role", "version")
        self.model_bytes = self._gauge("model_resident_bytes", "Resident memory of the process after the last swap")
        self.heap_bytes = self._gauge("heap_bytes", "Bytes of the C heap in use, without what the allocator keeps free")
        self.heap_bytes.set_function(lambda: heap_bytes() or 0)
        self.swaps = self._counter("swaps_total", "Model changes by outcome", "model_name", "role", "outcome")
        self.swap_seconds = self._histogram("swap_seconds", "From the decision to the first lease, by part", "part")
        self.conflicts = self._gauge(
            "production_conflicts", "Versions tagged production beside the one in use", "model_name"
        )
        self.model_sessions = self._gauge("model_sessions", "Open sessions of each model that is served", "model_name")
        self.store_away = self._gauge("store_away", "1 while the registry cannot be read, else 0")
        self.shadow_difference = self._histogram(
            "shadow_difference",
            "Word error rate of the shadow's finals against production's",
            "version",
            buckets=(0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0),
        )
        self.shadow_skipped = self._counter(
            "shadow_skipped_total", "Finals that were not decoded by the shadow because the service was busy"
        )
        self.version_finals = self._counter(
            "version_finals_total",
            "Utterances that a version decoded, by outcome: text, empty, rejected, failed",
            "version",
            "outcome",
        )
        self.version_retried = self._counter(
            "version_retried_finals_total", "Utterances of a version that were decoded more than once", "version"
        )
        self.version_final_latency = self._histogram(
            "version_final_latency_seconds", "From the end of speech to its final, by version", "version"
        )
        self.version_confidence = self._histogram(
            "version_confidence", "Confidence of each final, by version", "version", buckets=_PROBABILITIES
        )
        self._versions = VersionSeries(
            self.version_finals,
            self.version_retried,
            self.version_final_latency,
            self.version_confidence,
            self.shadow_difference,
        )

    def model_in_use(self, name: str, role: str, version: str | None) -> None:
        """Show which version a model's role is on from now on; None where there is none."""
        before = self._versions.use(name, role, version)
        if before is not None:
            self.model.remove(name, role, before)
        if version is not None:
            self.model.labels(name, role, version).set(1)

    def utterance_decoded(self, version: str, outcome: str, attempts: int) -> None:
        """Count an utterance that a version decoded.

        Args:
            outcome: `text`, `empty`, `rejected` (no text that could be trusted) or `failed` (an error of the engine).
            attempts: how often it was decoded for its final, from 1.
        """
        self.version_finals.labels(version, outcome).inc()
        if attempts > 1:
            self.version_retried.labels(version).inc()
        self._versions.written(version)

    def final_of_version(self, version: str, latency_s: float, confidence: float) -> None:
        """Observe a final beside those of the other version that is in use."""
        self.version_final_latency.labels(version).observe(latency_s)
        self.version_confidence.labels(version).observe(confidence)
        self._versions.written(version)

    def shadow_compared(self, version: str, difference: float) -> None:
        """Observe how far a shadow's final is from production's."""
        self.shadow_difference.labels(version).observe(difference)
        self._versions.written(version)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(_PREFIX + name, text, labels, registry=self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(_PREFIX + name, text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, *labels: str, buckets: tuple[float, ...] = _SECONDS) -> Histogram:
        return Histogram(_PREFIX + name, text, labels, buckets=buckets, registry=self.registry)
