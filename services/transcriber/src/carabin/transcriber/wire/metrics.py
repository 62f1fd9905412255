"""What Prometheus may know of connections: how many were turned away, and why; how many came back."""

from prometheus_client import CollectorRegistry, Counter


class WireMetrics:
    """The series of all protocols."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.refused = Counter(
            "carabin_transcriber_refused_total",
            "Sessions, calls and uploads that were turned away or broken off",
            ("protocol", "reason"),
            registry=registry,
        )
        self.sessions = Counter(
            "carabin_transcriber_wire_sessions_total", "Sessions by protocol and end", ("protocol", "outcome"),
            registry=registry,
        )  # fmt: skip
        self.resumed = Counter(
            "carabin_transcriber_resumed_total", "Sessions that went on over a new connection", registry=registry
        )
