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
        if self._wrote_here(version):
            self._corrections.labels(version).inc()
        # Those whose finals are no longer counted here left long ago.
        for metric in self._corrections.collect():
            for gone in {sample.labels["version"] for sample in metric.samples}:
                if not self._wrote_here(gone):
                    self._corrections.remove(gone)

    def _wrote_here(self, version: str) -> bool:
        labels = {"version": version, "outcome": "text"}
        return bool(self._registry.get_sample_value("carabin_transcriber_version_finals_total", labels))
