"""Who may dictate: keys, tokens of an issuer, origins, and where a credential may stand."""

import json
import time
from pathlib import Path

import jwt
import pytest
from carabin.service.errors import SettingInvalid
from carabin.transcriber.access.errors import Forbidden, InsecureListening, TokenExpired, Unauthenticated
from carabin.transcriber.access.factory import make_authenticator, refuse_insecure, static_keys
from carabin.transcriber.access.identity import (
    ChainedAuthenticator,
    Identity,
    NoAuthentication,
    StaticKeys,
    bearer,
    origin_allowed,
    subprotocol_token,
)
from carabin.transcriber.access.jwks import KeyFile
from carabin.transcriber.access.oidc import OidcTokens
from carabin.transcriber.settings.server import ServerSettings
from cryptography.hazmat.primitives.asymmetric import ec

from ..helpers.servers import client, dictate, running, speech

KEY = "correct-horse-battery"
ISSUER, AUDIENCE = "https://login.example", "carabin"


class Issuer:
    """Signs tokens as a hospital's OpenID Connect server does, and writes its keys to a file."""

    def __init__(self, folder: Path) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self._key.public_key()))
        self.jwks = folder / "jwks.json"
        self.jwks.write_text(json.dumps({"keys": [public | {"kid": "k1", "alg": "ES256", "use": "sig"}]}))

    def token(self, *, kid: str = "k1", **claims: object) -> str:
        now = time.time()
        default = {"iss": ISSUER, "aud": AUDIENCE, "sub": "dr-house", "exp": now + 600, "scope": "transcribe profile"}
        chosen = {name: value for name, value in (default | claims).items() if value is not None}
        return jwt.encode(chosen, self._key, "ES256", headers={"kid": kid})

    def settings(self) -> dict[str, object]:
        return {"oidc_issuer": ISSUER, "oidc_jwks_file": self.jwks}


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(tmp_path)


@pytest.fixture
def tokens(issuer: Issuer) -> OidcTokens:
    return OidcTokens(ISSUER, AUDIENCE, "transcribe", KeyFile(issuer.jwks))


async def test_key_names_its_holder_and_others_are_refused():
    keys = StaticKeys({"ward-1": KEY, "ward-2": "another-long-secret"})
    assert (await keys.identify("another-long-secret")).name == "ward-2"
    for wrong in (None, "", "correct-horse", KEY + "x", "é"):
        with pytest.raises(Unauthenticated):
            await keys.identify(wrong)


def test_keys_are_not_kept_in_the_clear():
    assert KEY not in repr(vars(StaticKeys({"ward-1": KEY})))


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
    forged = Issuer(tmp_path / "other").token()
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


async def test_keys_and_tokens_stand_side_by_side(issuer, tokens):
    both = ChainedAuthenticator([StaticKeys({"ward-1": KEY}), tokens])
    assert (await both.identify(KEY)).name == "ward-1"
    assert (await both.identify(issuer.token())).name == "dr-house"
    with pytest.raises(Unauthenticated):
        await both.identify("neither")


def test_bearer_is_read_from_header_and_subprotocol_alone():
    assert bearer("Bearer abc") == "abc"
    assert bearer("bearer abc") == "abc"
    assert [bearer(header) for header in (None, "", "Basic abc", "Bearer ")] == [None] * 4
    assert subprotocol_token(["bearer", "abc"]) == "abc"
    assert [subprotocol_token(offered) for offered in ([], ["bearer"], ["chat", "abc"])] == [None] * 3


def test_origin_of_strangers_is_not_allowed():
    assert origin_allowed(None, (), "h:1")
    assert origin_allowed("https://a.example", ("https://a.example",), "h:1")
    assert origin_allowed("http://h:1", (), "h:1")
    assert not origin_allowed("https://evil.example", ("https://a.example",), "h:1")
    assert origin_allowed("https://evil.example", ("*",), "h:1")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_loopback_needs_no_authentication(host):
    refuse_insecure(ServerSettings(host=host), NoAuthentication())


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "speech.example"])
def test_network_needs_authentication_or_an_explicit_word(host):
    with pytest.raises(InsecureListening, match="authentication"):
        refuse_insecure(ServerSettings(host=host), NoAuthentication())
    refuse_insecure(ServerSettings(host=host, insecure=True), NoAuthentication())
    refuse_insecure(ServerSettings(host=host), StaticKeys({"a": KEY}))


def test_half_of_a_tls_pair_is_refused():
    with pytest.raises(InsecureListening, match="both"):
        refuse_insecure(ServerSettings(tls_cert=Path("cert.pem")), NoAuthentication())


@pytest.mark.parametrize(
    ("setting", "variable"),
    [("api_keys_file", "API_KEYS_FILE"), ("oidc_jwks_file", "OIDC_JWKS_FILE")],
)
def test_secret_that_is_not_there_is_named_by_its_variable(setting, variable, tmp_path):
    absent = tmp_path / "absent"
    chosen = {"oidc_issuer": "http://127.0.0.1:9"} | {setting: absent}
    with pytest.raises(SettingInvalid, match=variable):
        make_authenticator(ServerSettings(**chosen))


def test_certificate_that_cannot_be_read_is_named(tmp_path):
    settings = ServerSettings(tls_cert=tmp_path / "cert.pem", tls_key=tmp_path / "key.pem")
    with pytest.raises(SettingInvalid, match="TLS_CERT"):
        refuse_insecure(settings, NoAuthentication())


@pytest.mark.parametrize("keys", ["no-colon-here-at-all", ":nameless-long-secret", "ward:short"])
def test_key_without_name_or_too_short_is_refused_without_repeating_it(keys):
    with pytest.raises(InsecureListening) as refusal:
        static_keys(ServerSettings(api_keys=keys))
    assert keys not in str(refusal.value)


@pytest.mark.parametrize(
    "options",
    [
        {"additional_headers": {"Authorization": f"Bearer {KEY}"}},
        {"subprotocols": ["bearer", KEY]},
    ],
)
async def test_key_opens_a_session_in_header_or_subprotocol(options):
    async with running(api_keys=f"ward-1:{KEY}") as server, client(server, **options) as raw:
        assert (await raw.hello())["message"] == "SERVER_READY"
        assert server.parts.transcriber.identities == ["ward-1"]


async def test_key_opens_a_session_in_the_first_message():
    async with running(api_keys=f"ward-1:{KEY}") as server, client(server) as raw:
        assert (await raw.hello(token=KEY))["message"] == "SERVER_READY"
        assert server.parts.transcriber.identities == ["ward-1"]


async def test_key_in_the_url_opens_nothing():
    async with running(api_keys=f"ward-1:{KEY}") as server, client(server, f"/?token={KEY}") as raw:
        assert (await raw.hello())["status"] == "ERROR"
        assert (await raw.rest())[0] == 1008


async def test_wrong_key_is_401_at_the_handshake():
    from websockets.exceptions import InvalidStatus

    async with running(api_keys=f"ward-1:{KEY}") as server:
        with pytest.raises(InvalidStatus) as refusal:
            async with client(server, additional_headers={"Authorization": "Bearer wrong"}):
                pass
        assert refusal.value.response.status_code == 401


async def test_page_of_another_origin_is_403_at_the_handshake():
    from websockets.exceptions import InvalidStatus

    async with running(origins="https://records.example") as server:
        with pytest.raises(InvalidStatus) as refusal:
            async with client(server, origin="https://evil.example"):
                pass
        assert refusal.value.response.status_code == 403
        async with client(server, origin="https://records.example") as raw:
            assert (await raw.hello())["message"] == "SERVER_READY"


async def test_sessions_of_one_identity_are_limited_and_others_are_not():
    keys = f"ward-1:{KEY},ward-2:another-long-secret"
    async with running(api_keys=keys, sessions_per_identity=1) as server, client(server) as one, client(server) as two:
        await one.hello(token=KEY)
        refused = await two.hello(token=KEY)
        assert "ward-1" in refused["message"]
        assert (await two.rest())[0] == 1013
        async with client(server) as other:
            assert (await other.hello(token="another-long-secret"))["message"] == "SERVER_READY"


class Renewing:
    """Knows one person, whose next tokens are good until the times given."""

    required = True

    def __init__(self, *expiries: float) -> None:
        self._expiries = list(expiries)

    async def identify(self, token: str | None) -> Identity:
        if token is None:
            raise Unauthenticated("a token is needed")
        return Identity("dr-house", self._expiries.pop(0))


async def test_session_ends_with_its_token_and_loses_no_word():
    async with running(authenticator=Renewing(time.time() + 3600, 0.0)) as server, client(server) as raw:
        await raw.hello(token="x")
        await raw.send(speech(0.8))
        await raw.until("segments")
        # The second token is over already, as the first would be in an hour.
        await raw.send(json.dumps({"event": "token", "token": "y"}))
        code, reason = await raw.rest()
    assert (code, "expired" in (reason or "")) == (1008, True)
    assert [segment["text"] for segment in raw.finals] == [" le patient"]
    assert raw.messages[-1]["message"] == "DISCONNECT"


async def test_fresh_token_lets_the_session_go_on():
    authenticator = Renewing(time.time() + 3600, time.time() + 7200, 0.0)
    async with running(authenticator=authenticator) as server, client(server) as raw:
        await raw.hello(token="x")
        await raw.send(json.dumps({"event": "token", "token": "y"}), speech(0.4), json.dumps({"event": "flush"}))
        await raw.until("segments")
        assert len(server.parts.admission.sessions) == 1
        await raw.send(json.dumps({"event": "token", "token": "z"}))
        assert (await raw.rest())[0] == 1008


async def test_token_of_somebody_else_does_not_renew_a_session(issuer):
    async with running(**issuer.settings()) as server, client(server) as raw:
        await raw.hello(token=issuer.token())
        await raw.send(json.dumps({"event": "token", "token": issuer.token(sub="mallory")}))
        assert (await raw.rest())[0] == 1008


async def test_without_authentication_everybody_is_anonymous():
    async with running() as server:
        await dictate(server)
        assert server.parts.transcriber.identities == ["anonymous"]
