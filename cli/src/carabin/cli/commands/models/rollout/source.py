"""Where the figures come from: a Prometheus that scrapes the transcribers, or the /metrics of each of them."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from http.client import HTTPException
from typing import Any, Final

from carabin.registry.errors import CarabinError
from prometheus_client.parser import text_string_to_metric_families

from .figures import PREFIX, SHADOW, SeriesSample

TIMEOUT_S: Final = 10.0
SERIES: Final = f"{PREFIX}version_.+|{SHADOW}.*"
"""The names of all series by version, as a regular expression of PromQL, which is anchored at both ends."""
POD_LABELS: Final = ("namespace", "pod", "instance")
"""What says which process a series comes from; a pod that is replaced has another name."""

Source = Callable[[Sequence[str]], list[SeriesSample]]
"""Returns the series of the named versions; raises FiguresUnavailable."""


class FiguresUnavailable(CarabinError):
    """No figures could be read: the rollout holds."""


def prometheus_source(url: str, token: str | None = None) -> Source:
    """Return a source that asks Prometheus for the newest value of each series.

    Args:
        url: of Prometheus or what answers like it, such as Thanos; `/api/v1/query` is added.
        token: sent as a bearer token.
    """
    headers = {"Authorization": f"Bearer {token}"} if token else {}

    def read(versions: Sequence[str]) -> list[SeriesSample]:
        query = f'{{__name__=~"{SERIES}",version=~"{"|".join(versions)}"}}'
        address = f"{url.rstrip('/')}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
        try:
            answer = json.loads(_get(address, headers))
            if answer["status"] != "success":
                raise FiguresUnavailable(f"Prometheus at {url} answers: {answer.get('error', answer['status'])}")
            return [_sample(series) for series in answer["data"]["result"]]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FiguresUnavailable(f"what answers at {url} is no Prometheus: {type(error).__name__}") from error

    return read


def pods_source(urls: Sequence[str]) -> Source:
    """Return a source that reads each transcriber's own `/metrics`; all must answer.

    Args:
        urls: with or without `/metrics` at their end.
    """
    addresses = [url if url.rstrip("/").endswith("/metrics") else f"{url.rstrip('/')}/metrics" for url in urls]

    def read(versions: Sequence[str]) -> list[SeriesSample]:
        return [sample for address in addresses for sample in _scrape(address, versions)]

    return read


def _scrape(address: str, versions: Sequence[str]) -> list[SeriesSample]:
    text = _get(address, {})
    try:
        return [
            SeriesSample(address, sample.name, sample.labels, sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.labels.get("version") in versions
        ]
    except ValueError as error:
        raise FiguresUnavailable(f"{address} answers with no metrics: {error}") from error


def _sample(series: Any) -> SeriesSample:
    labels = {name: value for name, value in series["metric"].items() if name != "__name__"}
    pod = "/".join(labels[name] for name in POD_LABELS if name in labels)
    return SeriesSample(pod, series["metric"]["__name__"], labels, float(series["value"][1]))


def _get(address: str, headers: dict[str, str]) -> str:
    if not address.startswith(("http://", "https://")):
        raise FiguresUnavailable(f"{address} is no address that begins with http:// or https://")
    try:
        request = urllib.request.Request(address, headers=headers)
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            text: str = answer.read().decode()
            return text
    except urllib.error.HTTPError as error:
        with error:
            raise FiguresUnavailable(f"{_host(address)} answers with HTTP {error.code}") from error
    except (OSError, HTTPException, UnicodeDecodeError) as error:
        reason = getattr(error, "reason", None) or error
        raise FiguresUnavailable(f"{_host(address)} does not answer: {reason}") from error


def _host(address: str) -> str:
    return urllib.parse.urlsplit(address).netloc
