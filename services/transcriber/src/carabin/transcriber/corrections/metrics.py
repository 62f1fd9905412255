"""How many corrections were kept of each version's text."""

from prometheus_client import CollectorRegistry, Counter


class CorrectionMetrics:
    """One series, for versions that this process decoded with: clients name the version, and may name anything."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._corrections = Counter(
            "carabin_transcriber_version_corrections_total",
            "Corrections kept of what a version wrote",
            ("version",),
            registry=registry,
        )

    def kept(self, version: str) -> None:
        """Count a correction of what `version` wrote."""
        labels = {"version": version, "outcome": "text"}
        if self._registry.get_sample_value("carabin_transcriber_version_finals_total", labels):
            self._corrections.labels(version).inc()
