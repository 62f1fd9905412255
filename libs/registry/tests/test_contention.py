"""32 promoters, 50 rounds each: every number is given once, none is lost, and the highest holds."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from carabin.registry.errors import PromotionLost
from carabin.registry.promote import promote, read_decision, read_tags
from carabin.registry.promotions import read_log
from carabin.registry.store import ObjectStore

from .versions import NAME, NOW, publish_many

PROMOTERS, ROUNDS, VERSIONS = 32, 50, 2


def test_racing_promoters_get_unique_numbers_and_the_highest_wins(
    store: ObjectStore, bucket: str, tmp_path: Path
) -> None:
    versions = publish_many(store, bucket, tmp_path, VERSIONS)
    together = Barrier(PROMOTERS)

    def promote_often(promoter: int) -> list[tuple[int, str, str]]:
        won = []
        for round_ in range(ROUNDS):
            together.wait()
            version = versions[(promoter + round_) % VERSIONS]
            try:
                record = promote(store, bucket, NAME, version, by=f"{promoter}/{round_}", reason="race", at=NOW)
            except PromotionLost:
                continue
            won.append((record.number, record.version, record.by))
        return won

    with ThreadPoolExecutor(PROMOTERS) as pool:
        won = sorted(record for each in pool.map(promote_often, range(PROMOTERS)) for record in each)
    log = read_log(store, bucket, NAME)
    assert [(record.number, record.version, record.by) for record in log] == won, "none lost, none invented"
    assert [record.number for record in log] == list(range(1, len(log) + 1))
    assert len(log) >= ROUNDS, "in every round somebody wins"
    decision = read_decision(store, bucket, NAME)
    assert (decision.version, decision.pending, decision.rivals) == (log[-1].version, None, ())
    assert read_tags(store, bucket, NAME)[log[-1].version]["promotion-seq"] == str(log[-1].number)
