"""An issuer that is asked over the network: its keys turn, it goes away, it is another, or strangers could forge it."""

import json
from collections.abc import Iterator

import jwt
import pytest
from carabin.service.access.factory import make_authenticator
from carabin.service.access.jwks import MAX_AGE_S, REFETCH_S, IssuerKeys, discover
from carabin.service.access.oidc import OidcTokens
from carabin.service.access.settings import AccessSettings
from carabin.service.errors import SettingInvalid, Unauthenticated
from carabin.service.testing.certificates import write_certificate
from carabin.service.testing.issuer import AUDIENCE, LiveIssuer
from cryptography.hazmat.primitives.asymmetric import rsa


@pytest.fixture
def issuer() -> Iterator[LiveIssuer]:
    issuer = LiveIssuer()
    yield issuer
    issuer.leave()


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(issuer: LiveIssuer, clock: Clock) -> OidcTokens:
    return OidcTokens(issuer.url, AUDIENCE, "transcribe", IssuerKeys(lambda: f"{issuer.url}/keys", clock))


async def test_issuer_is_asked_over_tls(tmp_path, monkeypatch, caplog):
    pair = write_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(pair[0]))
    issuer = LiveIssuer(tls=pair)
    try:
        authenticator = make_authenticator(AccessSettings(oidc_issuer=issuer.url))
        assert (await authenticator.identify(issuer.token())).name == "dr-house"
        monkeypatch.delenv("SSL_CERT_FILE")
        untrusting = make_authenticator(AccessSettings(oidc_issuer=issuer.url))
        with pytest.raises(Unauthenticated, match="out of reach"):
            await untrusting.identify(issuer.token())
        assert "certificate" in caplog.records[-1].reason
    finally:
        issuer.leave()


async def test_keys_are_fetched_once_and_again_when_a_new_one_signs(issuer, tokens, clock):
    for _ in range(3):
        await tokens.identify(issuer.token())
    assert issuer.asked == 1
    issuer.turn("k2")
    clock.now_s += REFETCH_S
    assert (await tokens.identify(issuer.token())).name == "dr-house"
    assert issuer.asked == 2


async def test_key_that_the_issuer_took_back_is_accepted_no_longer(issuer, tokens, clock):
    old = issuer.token()
    await tokens.identify(old)
    issuer.turn("k2")
    clock.now_s += MAX_AGE_S + 1
    with pytest.raises(Unauthenticated):
        await tokens.identify(old)


async def test_strangers_tokens_do_not_make_the_issuer_busy(issuer, tokens, clock):
    await tokens.identify(issuer.token())
    forger = rsa.generate_private_key(65537, 2048)
    for number in range(20):
        with pytest.raises(Unauthenticated):
            await tokens.identify(jwt.encode({"sub": "x"}, forger, "RS256", headers={"kid": f"made-up-{number}"}))
    assert issuer.asked == 1
    clock.now_s += REFETCH_S
    with pytest.raises(Unauthenticated):
        await tokens.identify(jwt.encode({"sub": "x"}, forger, "RS256", headers={"kid": "made-up"}))
    assert issuer.asked == 2


async def test_token_without_the_form_of_one_asks_nobody(issuer, tokens):
    for wrong in ("x", "a.b.c", jwt.encode({"sub": "x"}, "s" * 32, "HS256")[:-5]):
        with pytest.raises(Unauthenticated):
            await tokens.identify(wrong)
    assert issuer.asked <= 1, "only one of them has a header that can be read"


async def test_while_the_issuer_is_away_known_keys_go_on_and_new_ones_are_refused_with_the_reason(
    issuer, tokens, clock, caplog
):
    known = issuer.token()
    await tokens.identify(known)
    issuer.turn("k2")
    issuer.leave()
    clock.now_s += MAX_AGE_S + 1
    assert (await tokens.identify(known)).name == "dr-house"
    for _ in range(3):
        with pytest.raises(Unauthenticated, match="out of reach"):
            await tokens.identify(issuer.token())
    [line] = [record for record in caplog.records if getattr(record, "event", "") == "jwks_unreachable"]
    assert (line.known, line.url) == (1, f"{issuer.url}/keys")
    assert "refused" in line.reason


async def test_issuer_that_was_away_at_start_is_found_when_it_is_back(issuer, clock):
    away = [True]

    def locate() -> str:
        if away[0]:
            raise jwt.PyJWKClientConnectionError("no answer")
        return discover(issuer.url)

    tokens = OidcTokens(issuer.url, AUDIENCE, "transcribe", IssuerKeys(locate, clock))
    with pytest.raises(Unauthenticated, match="out of reach"):
        await tokens.identify(issuer.token())
    away[0] = False
    clock.now_s += REFETCH_S
    assert (await tokens.identify(issuer.token())).name == "dr-house"


async def test_algorithm_that_does_not_fit_the_key_is_refused(issuer, tokens):
    [(kid, _)] = issuer.keys.items()
    body = issuer.token().split(".")
    for algorithm in ("EdDSA", "ES256", "HS256", "none"):
        header = jwt.utils.base64url_encode(json.dumps({"alg": algorithm, "kid": kid}).encode()).decode()
        with pytest.raises(Unauthenticated):
            await tokens.identify(".".join([header, *body[1:]]))


def test_issuer_by_another_name_is_refused_at_start(issuer):
    issuer.called = "https://login.example"
    with pytest.raises(SettingInvalid, match=r"calls itself 'https://login\.example'"):
        make_authenticator(AccessSettings(oidc_issuer=issuer.url))


@pytest.mark.parametrize("setting", ["oidc_issuer", "oidc_jwks_url"])
@pytest.mark.parametrize("url", ["http://login.example", "file:///etc/keys", "login.example"])
def test_issuer_that_anybody_on_the_network_could_play_is_refused(setting, url):
    chosen = {"oidc_issuer": "https://login.example"} | {setting: url}
    with pytest.raises(SettingInvalid, match=setting.upper()):
        make_authenticator(AccessSettings(**chosen))


def test_key_set_that_is_not_there_is_in_the_log_from_the_start(issuer, caplog):
    make_authenticator(AccessSettings(oidc_issuer=issuer.url, oidc_jwks_url="http://127.0.0.1:9/keys"))
    [line] = [record for record in caplog.records if getattr(record, "event", "") == "jwks_unreachable"]
    assert line.url == "http://127.0.0.1:9/keys"
