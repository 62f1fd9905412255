"""Who holds a token: keys by their holders, beside an issuer's tokens."""

import time

import pytest
from carabin.service.access.identity import ChainedAuthenticator, Identity, StaticKeys, bearer
from carabin.service.errors import Unauthenticated

KEY = "correct-horse-battery"


async def test_key_names_its_holder_and_others_are_refused():
    keys = StaticKeys([("ward-1", KEY), ("ward-2", "another-long-secret")])
    assert (await keys.identify("another-long-secret")).name == "ward-2"
    for wrong in (None, "", "correct-horse", KEY + "x", "é"):
        with pytest.raises(Unauthenticated):
            await keys.identify(wrong)


async def test_both_keys_of_one_holder_are_good_while_they_are_exchanged():
    keys = StaticKeys([("ward-1", KEY), ("ward-1", "another-long-secret")])
    assert {(await keys.identify(key)).name for key in (KEY, "another-long-secret")} == {"ward-1"}


def test_keys_are_not_kept_in_the_clear():
    assert KEY not in repr(vars(StaticKeys([("ward-1", KEY)])))


async def test_keys_and_tokens_stand_side_by_side(issuer, tokens):
    both = ChainedAuthenticator([StaticKeys([("ward-1", KEY)]), tokens])
    assert (await both.identify(KEY)).name == "ward-1"
    assert (await both.identify(issuer.token())).name == "dr-house"
    with pytest.raises(Unauthenticated):
        await both.identify("neither")


def test_bearer_is_read_from_its_own_scheme_alone():
    assert bearer("Bearer abc") == "abc"
    assert bearer("bearer abc") == "abc"
    assert [bearer(header) for header in (None, "", "Basic abc", "Bearer ")] == [None] * 4


@pytest.mark.parametrize("jump_s", [-7200.0, 7200.0])
def test_a_clock_that_jumps_neither_ends_a_credential_nor_extends_it(
    monkeypatch: pytest.MonkeyPatch, jump_s: float
) -> None:
    day, since_start = [1_800_000_000.0], [50.0]
    monkeypatch.setattr(time, "time", lambda: day[0])
    monkeypatch.setattr(time, "monotonic", lambda: since_start[0])
    identity = Identity.until("dr-house", day[0] + 3600)
    day[0] += jump_s
    since_start[0] += 600
    assert identity.left_s() == pytest.approx(3000)
    since_start[0] += 3001
    assert identity.left_s() == 0.0


def test_a_key_that_an_operator_handed_out_has_no_end() -> None:
    assert Identity("ward-1").left_s() is None
