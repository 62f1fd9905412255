"""The tags in a backup, and which of them may still be set: the store's logs go before them where they are newer."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple, Self

from ..errors import ManifestInvalid
from ..layout import promotions_prefix, record_number, safe_name, stages_prefix
from ..stages.log import last_stage_number, newest_stages_first
from ..stages.promotions import last_number, newest_first
from ..stages.resolve import SHARE, STAGE, Tags
from ..stages.trials import TRIALS, logged_trials, not_promoted
from ..store import ObjectStore

OLD_TAGS: Final = "tags.json"


class LogEnds(NamedTuple):
    """The number of the newest record of each log, 0 where there is none."""

    promotions: int
    stages: int

    @classmethod
    def of(cls, name: str, keys: Iterable[str]) -> Self:
        """Return where a model's logs end, by the keys of their records."""
        prefixes = promotions_prefix(name), stages_prefix(name)
        found = list(keys)
        return cls(
            *(max((record_number(key) for key in found if key.startswith(prefix)), default=0) for prefix in prefixes)
        )


def tags_file(folder: Path, name: str) -> Path:
    """Return where a backup in `folder` keeps the tags of a model's manifests."""
    return folder / "tags" / f"{safe_name(name)}.json"


def read_backed_up_tags(folder: Path, name: str) -> dict[str, dict[str, str]]:
    """Return the tags by version; none where the file was lost: the logs still say what is in use.

    Raises:
        ManifestInvalid: the file holds no tags.
    """
    path = next((path for path in (tags_file(folder, name), folder / OLD_TAGS) if path.is_file()), None)
    if path is None:
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ManifestInvalid(f"{path} is not JSON: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(tags, dict) for tags in found.values()):
        raise ManifestInvalid(f"{path} holds no tags by version: without it the logs say what is in use")
    return {str(version): {str(tag): str(value) for tag, value in tags.items()} for version, tags in found.items()}


def tags_to_set(
    store: ObjectStore, bucket: str, name: str, backed_up: Mapping[str, Tags], ends: LogEnds
) -> dict[str, dict[str, str]]:
    """Return a backup's tags as they may be set now: what was promoted or ended since the backup does not serve again.

    A version that is in production by the newest promotion gets its tag from `repair`.

    Args:
        ends: where the backup's logs end.
    """
    found = {version: dict(tags) for version, tags in backed_up.items()}
    promoted_since = last_number(store, bucket, name) > ends.promotions
    if not promoted_since and last_stage_number(store, bucket, name) <= ends.stages:
        return found
    logged = not_promoted(logged_trials(newest_stages_first(store, bucket, name)), newest_first(store, bucket, name))
    on_trial = {(trial.version, trial.stage) for trial in logged}
    for version, tags in found.items():
        stage = tags.get(STAGE)
        if stage == "production" and promoted_since:
            tags[STAGE] = "archived"
        elif stage in TRIALS and (version, stage) not in on_trial:
            tags[STAGE] = "candidate"
            tags.pop(SHARE, None)
    return found
