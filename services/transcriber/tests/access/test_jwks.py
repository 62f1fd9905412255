"""An issuer that is asked over the network: its keys turn, it goes away, it is another, or strangers could forge it."""

import json
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import jwt
import pytest
from carabin.service.errors import SettingInvalid
from carabin.transcriber.access.errors import Unauthenticated
from carabin.transcriber.access.factory import make_authenticator
from carabin.transcriber.access.jwks import MAX_AGE_S, REFETCH_S, IssuerKeys, discover
from carabin.transcriber.access.oidc import OidcTokens
from carabin.transcriber.settings.server import ServerSettings
from cryptography.hazmat.primitives.asymmetric import rsa

from ..helpers.servers import client, running
from ..http.test_server import certificate

AUDIENCE = "carabin"


class Issuer(ThreadingHTTPServer):
    """An OpenID Connect issuer: discovery, an RS256 key set that turns, and a count of who asked for it."""

    def __init__(self, tls: tuple[Path, Path] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.server_port}"
        self.called = self.url
        """What its discovery document says that it is called."""
        self.keys: dict[str, rsa.RSAPrivateKey] = {}
        self.asked = 0
        self.turn("k1")
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def turn(self, kid: str) -> None:
        """Sign with a new key from now on, and publish it alone."""
        self.keys = {kid: rsa.generate_private_key(65537, 2048)}

    def token(self, sub: str = "dr-house") -> str:
        [(kid, key)] = self.keys.items()
        now = time.time()
        claims = {"iss": self.url, "aud": AUDIENCE, "sub": sub, "exp": now + 600, "scope": "transcribe"}
        return jwt.encode(claims, key, "RS256", headers={"kid": kid})

    def document(self, path: str) -> object:
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.called, "jwks_uri": f"{self.url}/keys"}
        self.asked += 1
        return {
            "keys": [
                json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())) | {"kid": kid, "use": "sig"}
                for kid, key in self.keys.items()
            ]
        }

    def leave(self) -> None:
        """Answer nobody any more."""
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join()
            self.server_close()


class _Answer(BaseHTTPRequestHandler):
    server: Issuer

    def do_GET(self) -> None:
        body = json.dumps(self.server.document(self.path)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
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
def tokens(issuer: Issuer, clock: Clock) -> OidcTokens:
    return OidcTokens(issuer.url, AUDIENCE, "transcribe", IssuerKeys(lambda: f"{issuer.url}/keys", clock))


async def test_token_of_a_live_issuer_opens_a_session(issuer):
    async with running(oidc_issuer=issuer.url) as server, client(server) as raw:
        assert (await raw.hello(token=issuer.token()))["message"] == "SERVER_READY"
        assert server.parts.transcriber.identities == ["dr-house"]


async def test_issuer_is_asked_over_tls(tmp_path, monkeypatch, caplog):
    pair = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(pair[0]))
    issuer = Issuer(tls=pair)
    try:
        authenticator = make_authenticator(ServerSettings(oidc_issuer=issuer.url))
        assert (await authenticator.identify(issuer.token())).name == "dr-house"
        monkeypatch.delenv("SSL_CERT_FILE")
        untrusting = make_authenticator(ServerSettings(oidc_issuer=issuer.url))
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


async def test_service_starts_without_its_issuer_and_takes_api_keys_and_says_so(issuer, caplog):
    issuer.leave()
    key = "correct-horse-battery"
    async with running(oidc_issuer=issuer.url, api_keys=f"ward:{key}") as server:
        async with client(server) as raw:
            assert (await raw.hello(token=key))["message"] == "SERVER_READY"
        async with client(server) as raw:
            assert "out of reach" in (await raw.hello(token=issuer.token()))["message"]
    assert [record for record in caplog.records if getattr(record, "event", "") == "jwks_unreachable"]


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
        make_authenticator(ServerSettings(oidc_issuer=issuer.url))


@pytest.mark.parametrize("setting", ["oidc_issuer", "oidc_jwks_url"])
@pytest.mark.parametrize("url", ["http://login.example", "file:///etc/keys", "login.example"])
def test_issuer_that_anybody_on_the_network_could_play_is_refused(setting, url):
    chosen = {"oidc_issuer": "https://login.example"} | {setting: url}
    with pytest.raises(SettingInvalid, match=setting.upper()):
        make_authenticator(ServerSettings(**chosen))


def test_key_set_that_is_not_there_is_in_the_log_from_the_start(issuer, caplog):
    make_authenticator(ServerSettings(oidc_issuer=issuer.url, oidc_jwks_url="http://127.0.0.1:9/keys"))
    [line] = [record for record in caplog.records if getattr(record, "event", "") == "jwks_unreachable"]
    assert line.url == "http://127.0.0.1:9/keys"
