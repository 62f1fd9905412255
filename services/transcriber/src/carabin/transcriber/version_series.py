"""Which model versions have series of their own: those in use, and a few that were."""

import threading
from collections import OrderedDict

from prometheus_client.metrics import MetricWrapperBase

KEPT_VERSIONS = 8
"""Versions that are in use no more and keep their series: Prometheus has read them long before eight others came."""


class VersionSeries:
    """Removes the series of versions that left long ago, so that their number does not grow; thread-safe.

    Args:
        metrics: all those with the label `version`; nothing else may write them.
    """

    def __init__(self, *metrics: MetricWrapperBase) -> None:
        self._metrics = metrics
        self._in_use: dict[tuple[str, str], str] = {}
        """The version of each model's name and role."""
        self._left: OrderedDict[str, None] = OrderedDict()
        """What is in use no more, by when it was written last."""
        self._lock = threading.Lock()

    def use(self, name: str, role: str, version: str | None) -> str | None:
        """Note what a model serves in a role, or that it serves nothing; return what it served before."""
        with self._lock:
            before = self._in_use.pop((name, role), None)
            if version is not None:
                self._in_use[name, role] = version
                self._left.pop(version, None)
        if before is not None:
            self.written(before)
        return before

    def written(self, version: str) -> None:
        """Note that series of a version were written: it may have left while its last utterances are decoded."""
        with self._lock:
            if version in self._in_use.values():
                return
            self._left[version] = None
            self._left.move_to_end(version)
            gone = [self._left.popitem(last=False)[0] for _ in range(len(self._left) - KEPT_VERSIONS)]
            for old in gone:
                for metric in self._metrics:
                    metric.remove_by_labels({"version": old})
