"""What is lost of a recording is said with its seconds, and what is whole is not said to be damaged."""

import io
from pathlib import Path

import pytest
from carabin.service.audio import Recording, damage_of

CASES = Path(__file__).parents[4] / "services" / "trainer" / "tests" / "cases"


def damage(data: bytes) -> list[str]:
    recording = Recording(io.BytesIO(data))
    for _ in recording.blocks():
        pass
    return [each.sentence for each in damage_of(recording)]


@pytest.mark.parametrize(
    ("name", "sentences"),
    [
        ("aac_hole.aac", ["is damaged from 7.04 s to 7.10 s: 0.06 s cannot be decoded"]),
        ("mp3_hole_ff.mp3", ["is damaged from 7.02 s to 7.09 s: 0.07 s cannot be decoded"]),
        ("mp3_tail_garbage.mp3", []),
        ("m4a_truncated.m4a", ["was cut off: its header promises 13.97 s and the file holds 8.90 s"]),
        ("wav_truncated.wav", ["was cut off: its header promises 13.97 s and the file holds 9.31 s"]),
        ("len_0.wav", []),
        ("antiphase.wav", []),
    ],
)
def test_each_fault_is_named_with_its_seconds(name, sentences):
    assert damage((CASES / name).read_bytes()) == sentences


def test_a_hole_does_not_hide_that_the_end_is_missing():
    whole = (CASES / "mp3_hole_ff.mp3").read_bytes()
    kinds = [sentence.split(":")[0] for sentence in damage(whole[: len(whole) * 3 // 4])]
    assert kinds == ["is damaged from 7.02 s to 7.09 s", "was cut off"]


def test_many_gaps_are_counted_after_the_first_ones():
    recording = Recording(io.BytesIO((CASES / "len_0.wav").read_bytes()))
    recording.gaps = tuple((float(at), at + 0.5) for at in range(25))
    sentences = [each.sentence for each in damage_of(recording)]
    assert len(sentences) == 11
    assert sentences[-1] == "is damaged at 15 more places: 7.50 s cannot be decoded"
