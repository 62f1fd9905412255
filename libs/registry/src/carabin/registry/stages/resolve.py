"""Which version serves: a pure function over the tags and the promotion log."""

from collections.abc import Mapping
from dataclasses import dataclass

Tags = Mapping[str, str]

STAGE, NUMBER, SHARE = "stage", "promotion-seq", "canary-share"


@dataclass(frozen=True, slots=True)
class LogHead:
    """The newest promotion, as the log has it."""

    number: int
    version: str


@dataclass(frozen=True, slots=True)
class Canary:
    """A version on trial with a share of the sessions."""

    version: str
    share: float
    """Of new sessions, above 0 and at most 1."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What tags and log say."""

    version: str | None
    """The holder of production; None when nobody holds it, and then the active model stays."""
    rivals: tuple[str, ...] = ()
    """Other versions that are tagged production too: a conflict to report."""
    pending: str | None = None
    """The newest promotion's version while its tag is still missing: a promotion cut off half-way."""
    canary: Canary | None = None
    """Takes its share of new sessions from production."""
    shadow: str | None = None
    """Transcribes what production does; its text is compared in metrics and never sent."""
    problems: tuple[str, ...] = ()
    """What an operator should look at, each in one sentence."""


def resolve(tags_by_version: Mapping[str, Tags], log_head: LogHead | None = None) -> Decision:
    """Choose the versions that serve.

    One production holder wins, numbered or not, so that a tag set by hand works. Of several, the highest promotion
    number wins, a missing or unreadable one counting lowest, then the greatest version. Of several canaries, and of
    several shadows, the greatest version is taken.

    Args:
        tags_by_version: the tags of every visible version's manifest.
        log_head: the newest promotion record's number and version.
    """
    holders = sorted(
        _staged(tags_by_version, "production"),
        key=lambda version: (promotion_number(tags_by_version[version]), version),
        reverse=True,
    )
    pending = _pending(tags_by_version, log_head)
    canary, canary_problems = _canary(tags_by_version)
    shadows = _staged(tags_by_version, "shadow")
    problems = [
        *([f"several versions are tagged production: {', '.join(holders)}; the first serves"] if holders[1:] else []),
        *([f"the promotion of {pending} was cut off: `carabin models repair` finishes it"] if pending else []),
        *canary_problems,
        *([f"several versions are tagged shadow: {', '.join(shadows)}; the first is used"] if shadows[1:] else []),
    ]
    return Decision(
        version=holders[0] if holders else None,
        rivals=tuple(holders[1:]),
        pending=pending,
        canary=canary,
        shadow=shadows[0] if shadows else None,
        problems=tuple(problems),
    )


def promotion_number(tags: Tags) -> int:
    """Return the promotion number in `tags`, or -1 where there is none that reads as one."""
    text = tags.get(NUMBER, "")
    return int(text) if text.isascii() and text.isdigit() else -1


def canary_share(tags: Tags) -> float | None:
    """Return the share of new sessions in `tags`, or None where there is none above 0 and at most 1."""
    try:
        share = float(tags.get(SHARE, ""))
    except ValueError:
        return None
    return share if 0 < share <= 1 else None


def _staged(tags_by_version: Mapping[str, Tags], stage: str) -> list[str]:
    return sorted((version for version, tags in tags_by_version.items() if tags.get(STAGE) == stage), reverse=True)


def _pending(tags_by_version: Mapping[str, Tags], head: LogHead | None) -> str | None:
    """A head whose number its version carries was finished, whatever a person did to the stage afterwards."""
    if head is None or head.version not in tags_by_version:
        return None
    tags = tags_by_version[head.version]
    done = tags.get(STAGE) == "production" or promotion_number(tags) >= head.number
    return None if done else head.version


def _canary(tags_by_version: Mapping[str, Tags]) -> tuple[Canary | None, list[str]]:
    found = _staged(tags_by_version, "canary")
    shares = {version: canary_share(tags_by_version[version]) for version in found}
    problems = [
        f"{version} is tagged canary without a {SHARE} between 0 and 1: it gets no session"
        for version, share in shares.items()
        if share is None
    ]
    usable = [Canary(version, share) for version, share in shares.items() if share is not None]
    if usable[1:]:
        problems.append(f"several versions are tagged canary: {', '.join(found)}; {usable[0].version} is used")
    return (usable[0] if usable else None), problems
