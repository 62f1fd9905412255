"""The bytes of uploads that may be in memory at once."""

import pytest
from carabin.transcriber.openai_api.budget import UploadBudget
from carabin.transcriber.wire.errors import UploadsFull


def test_bytes_are_free_again_behind_the_upload():
    budget = UploadBudget(100)
    with budget.reserve("a") as reservation:
        reservation.grow_to(30)
        reservation.grow_to(20)
        reservation.grow_to(50)
        assert budget.held_bytes == 50
    assert budget.held_bytes == 0


def test_one_identity_gets_half_and_others_the_rest():
    budget = UploadBudget(100)
    with budget.reserve("a") as first, budget.reserve("a") as second, budget.reserve("b") as other:
        first.grow_to(50)
        with pytest.raises(UploadsFull, match="a has too many"):
            second.grow_to(1)
        other.grow_to(50)
    with budget.reserve("a") as again:
        again.grow_to(50)


def test_all_identities_together_are_bounded():
    budget = UploadBudget(100)
    with budget.reserve("a") as first, budget.reserve("b") as second, budget.reserve("c") as third:
        first.grow_to(40)
        second.grow_to(40)
        with pytest.raises(UploadsFull, match="try again in 10 s"):
            third.grow_to(21)
        third.grow_to(20)


def test_upload_that_was_refused_gives_back_what_it_had():
    budget = UploadBudget(100)
    with budget.reserve("a") as reservation:
        reservation.grow_to(40)
        with pytest.raises(UploadsFull):
            reservation.grow_to(60)
        assert budget.held_bytes == 40
    assert budget.held_bytes == 0
