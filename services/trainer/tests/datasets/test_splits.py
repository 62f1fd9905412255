"""No sentence, and where it can be no speaker, is on two sides of a split."""

from collections import Counter, defaultdict

import pytest
from carabin.trainer.datasets.splits import SHARES, assign, split_by_sentence


def test_the_split_of_a_sentence_does_not_depend_on_its_spelling_or_on_others() -> None:
    assert split_by_sentence("Amoxicilline 500 mg.") == split_by_sentence("amoxicilline cinq cents milligrammes")
    alone = assign([(f"phrase {number}", None) for number in range(300)]).splits
    more = assign([(f"phrase {number}", None) for number in range(400)]).splits
    assert list(more[:300]) == list(alone)


def test_speakers_are_kept_apart_where_they_read_their_own_texts() -> None:
    recordings = [(f"texte {speaker} {number}", f"dr {speaker}") for speaker in range(20) for number in range(9)]
    assignment = assign(recordings)
    assert assignment.speakers_disjoint
    sides = defaultdict(set)
    for (_, speaker), split in zip(recordings, assignment.splits, strict=True):
        sides[speaker].add(split)
    assert all(len(splits) == 1 for splits in sides.values())
    assert set(assignment.splits) == set(SHARES)


def test_speakers_who_share_a_sentence_stay_on_its_side() -> None:
    recordings = [(f"texte {speaker} {number}", f"dr {speaker}") for speaker in range(20) for number in range(9)]
    recordings += [("Texte commun.", "dr 0"), ("texte commun", "dr 7")]
    splits = assign(recordings).splits
    assert splits[-1] == splits[-2] == splits[0] == splits[7 * 9]


def test_sentences_alone_are_kept_apart_where_all_speakers_read_the_same() -> None:
    recordings = [(f"phrase {number}", f"voix {speaker}") for number in range(200) for speaker in range(3)]
    assignment = assign(recordings)
    assert not assignment.speakers_disjoint
    sides = defaultdict(set)
    for (sentence, _), split in zip(recordings, assignment.splits, strict=True):
        sides[sentence].add(split)
    assert all(len(splits) == 1 for splits in sides.values())


def test_pieces_of_one_recording_are_never_parted() -> None:
    recordings = [(f"phrase {number}", None) for number in range(300)]
    splits = assign(recordings, together=[f"dictée {number // 3}" for number in range(300)]).splits
    assert all(len(set(splits[start : start + 3])) == 1 for start in range(0, 300, 3))
    assert set(splits) == set(SHARES)


def test_unknown_speakers_are_free_and_known_ones_kept_apart() -> None:
    recordings = [(f"texte {n}", f"dr {n % 20}" if n % 2 else None) for n in range(200)]
    assignment = assign(recordings)
    sides = defaultdict(set)
    for (_, speaker), split in zip(recordings, assignment.splits, strict=True):
        sides[speaker].add(split)
    assert assignment.speakers_disjoint
    assert all(len(splits) == 1 for speaker, splits in sides.items() if speaker)
    assert sides[None] == set(SHARES)


def test_a_handful_of_dictations_still_fills_every_split() -> None:
    for first in range(0, 100, 10):
        counted = Counter(assign([(f"phrase {first + number}", None) for number in range(10)]).splits)
        assert counted["train"] >= 5
        assert set(counted) == set(SHARES)


@pytest.mark.parametrize("lengths", [(70, 20, 10), (40, 30, 20, 10), (25, 25, 20, 12, 8, 6, 4)])
def test_a_few_speakers_of_unequal_length_are_kept_apart_near_the_shares(lengths: tuple[int, ...]) -> None:
    recordings = [
        (f"Phrase {speaker} numéro {number}", f"s{speaker}")
        for speaker, count in enumerate(lengths)
        for number in range(count)
    ]
    found = assign(recordings)
    assert found.speakers_disjoint
    by_speaker = {speaker: {found.splits[place] for place, (_, its) in enumerate(recordings) if its == speaker}
                  for _, speaker in recordings}  # fmt: skip
    assert all(len(splits) == 1 for splits in by_speaker.values())
    assert set(found.splits) == {"train", "validation", "test"}


def test_the_same_recordings_in_another_order_are_split_alike() -> None:
    recordings: list[tuple[str, str | None]] = [(f"Phrase {n % 9} numéro {n}", f"s{n % 7}") for n in range(70)]
    forward = dict(zip(recordings, assign(recordings).splits, strict=True))
    backward = dict(zip(recordings[::-1], assign(recordings[::-1]).splits, strict=True))
    assert forward == backward


def own_texts(speakers: int) -> list[tuple[str, str]]:
    return [(f"phrase {n} de la voix {speaker}", f"dr{speaker:02d}") for speaker in range(speakers) for n in range(30)]


@pytest.mark.parametrize("extra", [1, 2, 5])
def test_what_was_tested_on_is_not_learnt_when_other_speakers_come_nor_the_other_way(extra: int) -> None:
    before = assign(own_texts(20))
    after = assign(own_texts(20 + extra))
    assert before.speakers_disjoint
    assert after.speakers_disjoint
    moved = set(zip(before.splits, after.splits, strict=False))
    assert not moved & {("train", "test"), ("test", "train")}


def test_another_dictation_of_a_speaker_moves_nobody() -> None:
    before = assign(own_texts(21)).splits
    after = assign([*own_texts(21), ("a avant toutes les phrases", "dr00")]).splits
    assert list(after[:-1]) == list(before)


def test_a_speaker_written_in_several_ways_is_one_speaker() -> None:
    ways = ["Dr  Hervé", "dr herve\u0301", " DR HERVÉ"]
    recordings: list[tuple[str, str | None]] = [(text, its) for text, its in own_texts(9) if its != "dr00"]
    recordings += [(f"texte {number}", ways[number % 3]) for number in range(30)]
    found = assign(recordings)
    assert found.speakers_disjoint
    assert len(set(found.splits[-30:])) == 1


@pytest.mark.parametrize("speakers", [1, 2, 3, 4, 5, 6])
def test_no_split_is_empty_however_few_the_speakers(speakers: int) -> None:
    found = assign(own_texts(speakers))
    assert set(found.splits) == set(SHARES)
    assert found.speakers_disjoint is (speakers >= 5)


@pytest.mark.parametrize("sentences", [3, 4, 5])
def test_a_sentence_for_each_split_is_enough(sentences: int) -> None:
    for first in range(0, 100, 10):
        assert set(assign([(f"phrase {first + n}", None) for n in range(sentences)]).splits) == set(SHARES)


def test_a_few_sentences_are_less_than_three_splits() -> None:
    assert len(assign([("une phrase", None), ("deux phrases", None)]).splits) == 2
    assert assign([]).splits == []
