"""Tokens of an OpenID Connect issuer: signed, for this audience, not expired, with the scope, or refused by reason."""

import time

import jwt
import pytest
from carabin.service.errors import Forbidden, TokenExpired, Unauthenticated
from carabin.service.testing.issuer import FileIssuer


async def test_valid_token_names_its_subject_and_its_end(issuer, tokens):
    identity = await tokens.identify(issuer.token())
    assert identity.name == "dr-house"
    assert 600 < (identity.left_s() or 0) < 700


@pytest.mark.parametrize(
    ("claims", "error", "word"),
    [
        ({"exp": time.time() - 3600}, TokenExpired, "expired"),
        ({"aud": "another"}, Unauthenticated, "audience"),
        ({"iss": "https://evil.example"}, Unauthenticated, "from"),
        ({"nbf": time.time() + 3600}, Unauthenticated, "clock"),
        ({"scope": "profile"}, Forbidden, "transcribe"),
        ({"scope": None}, Forbidden, "transcribe"),
        ({"exp": None}, Unauthenticated, "not valid"),
        ({"sub": None}, Unauthenticated, "not valid"),
        ({"kid": "k2"}, Unauthenticated, "not valid"),
    ],
)
async def test_token_that_is_not_good_is_refused_with_its_reason(issuer, tokens, claims, error, word):
    with pytest.raises(error, match=word):
        await tokens.identify(issuer.token(**claims))


async def test_token_of_another_key_or_without_signature_is_refused(tokens, tmp_path):
    (tmp_path / "other").mkdir()
    forged = FileIssuer(tmp_path / "other").token()
    unsigned = jwt.encode({"sub": "dr-house"}, None, "none", headers={"kid": "k1"})
    for token in (forged, unsigned, "not.a.token", "x"):
        with pytest.raises(Unauthenticated):
            await tokens.identify(token)


@pytest.mark.parametrize(
    ("claims", "event"),
    [({"nbf": time.time() + 3600}, "clock_skew"), ({"exp": time.time() - 3600}, "token_expired")],
)
async def test_clocks_that_differ_are_one_clear_line_in_the_log(issuer, tokens, claims, event, caplog):
    with pytest.raises((Unauthenticated, TokenExpired)):
        await tokens.identify(issuer.token(**claims))
    [line] = [record for record in caplog.records if record.name.startswith("carabin")]
    assert line.event == event
    assert "clocks" in line.getMessage()
    assert line.skew_allowed_s == 30.0


async def test_clock_skew_within_the_allowance_is_forgiven(issuer, tokens):
    assert await tokens.identify(issuer.token(nbf=time.time() + 10, exp=time.time() + 600))
