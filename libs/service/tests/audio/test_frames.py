"""Damaged packets that follow each other closely are one gap."""

import pytest
from carabin.service.audio.frames import joined_gaps


@pytest.mark.parametrize(
    ("gaps", "joined"),
    [
        ([], []),
        ([(1.0, 1.1), (1.2, 1.3)], [(1.0, 1.3)]),
        ([(2.0, 2.5), (1.0, 1.1)], [(1.0, 1.1), (2.0, 2.5)]),
        ([(1.0, 3.0), (1.5, 1.6), (3.1, 3.2)], [(1.0, 3.2)]),
    ],
)
def test_gaps_in_order_and_joined(gaps, joined):
    assert list(joined_gaps(gaps)) == joined
