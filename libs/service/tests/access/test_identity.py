"""Who holds a token: keys by their holders, beside an issuer's tokens."""

import pytest
from carabin.service.access.identity import ChainedAuthenticator, StaticKeys, bearer
from carabin.service.errors import Unauthenticated

KEY = "correct-horse-battery"


async def test_key_names_its_holder_and_others_are_refused():
    keys = StaticKeys({"ward-1": KEY, "ward-2": "another-long-secret"})
    assert (await keys.identify("another-long-secret")).name == "ward-2"
    for wrong in (None, "", "correct-horse", KEY + "x", "é"):
        with pytest.raises(Unauthenticated):
            await keys.identify(wrong)


def test_keys_are_not_kept_in_the_clear():
    assert KEY not in repr(vars(StaticKeys({"ward-1": KEY})))


async def test_keys_and_tokens_stand_side_by_side(issuer, tokens):
    both = ChainedAuthenticator([StaticKeys({"ward-1": KEY}), tokens])
    assert (await both.identify(KEY)).name == "ward-1"
    assert (await both.identify(issuer.token())).name == "dr-house"
    with pytest.raises(Unauthenticated):
        await both.identify("neither")


def test_bearer_is_read_from_its_own_scheme_alone():
    assert bearer("Bearer abc") == "abc"
    assert bearer("bearer abc") == "abc"
    assert [bearer(header) for header in (None, "", "Basic abc", "Bearer ")] == [None] * 4
