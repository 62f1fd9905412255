"""Tests of which recordings a build decodes and which it knows, each beside its own candidate."""

from pathlib import Path

import pytest
from carabin.trainer.datasets.collect import CandidateDictation
from carabin.trainer.datasets.decoded_candidates import DecodedCandidates
from carabin.trainer.datasets.decoding import decode_file
from carabin.trainer.datasets.work_folder import WorkFolder

from ..helpers.sounds import RATE_HZ, bursts, write


@pytest.fixture
def candidates(tmp_path: Path) -> list[CandidateDictation]:
    """Three recordings of 1.0, 1.5 and 2.0 s."""
    files = [write(tmp_path / f"{n}.wav", bursts([0.5 + n / 2], pause_s=0.5, seed=n)) for n in range(3)]
    return [CandidateDictation(file, f"Texte {file.stem}.", f"{file.stem}.txt") for file in files]


def lengths_s(sounds: DecodedCandidates) -> dict[str, float]:
    return {candidate.audio.stem: found.n_samples / RATE_HZ for candidate, found in sounds}


def opened(
    candidates: list[CandidateDictation], kept: WorkFolder, *, accept_damaged: bool = False
) -> DecodedCandidates:
    return DecodedCandidates(candidates, kept, accept_damaged=accept_damaged, processes=1)


def test_what_is_known_is_not_decoded_again_and_stands_beside_its_own_candidate(
    candidates: list[CandidateDictation], tmp_path: Path
) -> None:
    with WorkFolder.opened(tmp_path / "work") as kept:
        first = opened(candidates[1:2], kept)
        assert lengths_s(first) == {"1": 1.5}
        assert (first.decoded, first.known) == (1, 0)
        second = opened(candidates, kept)
        assert len(second) == 3
        assert lengths_s(second) == {"0": 1.0, "1": 1.5, "2": 2.0}
        assert (second.decoded, second.known) == (2, 1)


def test_a_recording_that_is_missing_is_judged_anew_each_time(
    candidates: list[CandidateDictation], tmp_path: Path
) -> None:
    candidates[0].audio.unlink()
    with WorkFolder.opened(tmp_path / "work") as kept:
        for decoded in (3, 1):
            sounds = opened(candidates, kept)
            found = [found for _, found in sounds]
            assert (sounds.decoded, sounds.known) == (decoded, 3 - decoded)
            assert [finding.rule for finding in found[0].findings] == ["audio-missing"]
        write(candidates[0].audio, bursts([0.5]))
        assert lengths_s(opened(candidates, kept))["0"] == 1.0


def test_a_refused_recording_is_known_too_until_it_is_judged_otherwise(
    candidates: list[CandidateDictation], tmp_path: Path
) -> None:
    write(candidates[0].audio, bursts([0.1], pause_s=0.05))
    with WorkFolder.opened(tmp_path / "work") as kept:
        list(opened(candidates, kept))
        again = opened(candidates, kept)
        assert [found.sha256 is None for _, found in again] == [True, False, False]
        assert (again.decoded, again.known) == (0, 3)
        otherwise = opened(candidates, kept, accept_damaged=True)
        assert len(list(otherwise)) == otherwise.decoded == 3


def test_a_sound_that_is_deleted_during_the_build_is_decoded_for_its_own_candidate(
    candidates: list[CandidateDictation], tmp_path: Path
) -> None:
    with WorkFolder.opened(tmp_path / "work") as kept:
        list(opened(candidates[:2], kept))
        lost = decode_file(candidates[1].audio, tmp_path / "elsewhere", accept_damaged=False)
        assert lost.sha256
        sounds = opened(candidates, kept)
        found = iter(sounds)
        next(found)
        kept.sound(lost.sha256).unlink()
        assert {candidate.audio.stem: its.n_samples / RATE_HZ for candidate, its in found} == {"1": 1.5, "2": 2.0}
        assert (sounds.decoded, sounds.known) == (2, 1)
        assert kept.sound(lost.sha256).is_file()
