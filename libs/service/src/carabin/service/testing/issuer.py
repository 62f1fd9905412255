"""Issuers of OpenID Connect tokens, as a hospital has one: with its keys in a file, or over the network."""

import json
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

ISSUER, AUDIENCE = "https://login.example", "carabin"


class FileIssuer:
    """Signs tokens, and writes its public keys to `folder`/jwks.json."""

    def __init__(self, folder: Path) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        public = jwt.algorithms.ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        self.jwks = folder / "jwks.json"
        self.jwks.write_text(json.dumps({"keys": [public | {"kid": "k1", "alg": "ES256", "use": "sig"}]}))

    def token(self, *, kid: str = "k1", **claims: object) -> str:
        """Return a good token, with `claims` in place of its own; None takes one out."""
        now = time.time()
        default = {"iss": ISSUER, "aud": AUDIENCE, "sub": "dr-house", "exp": now + 600, "scope": "transcribe profile"}
        chosen = {name: value for name, value in (default | claims).items() if value is not None}
        return jwt.encode(chosen, self._key, "ES256", headers={"kid": kid})

    def settings(self) -> dict[str, object]:
        """Return the settings of a service that accepts its tokens."""
        return {"oidc_issuer": ISSUER, "oidc_jwks_file": self.jwks}


class LiveIssuer(ThreadingHTTPServer):
    """Answers with discovery and an RS256 key set that turns, and counts who asked for it; over TLS with a pair."""

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
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="issuer")
        self._serving = self._pool.submit(self.serve_forever, poll_interval=0.01)

    def turn(self, kid: str) -> None:
        """Sign with a new key from now on, and publish it alone."""
        self.keys = {kid: rsa.generate_private_key(65537, 2048)}

    def token(self, sub: str = "dr-house") -> str:
        """Return a good token, signed with the key of today."""
        [(kid, key)] = self.keys.items()
        claims = {"iss": self.url, "aud": AUDIENCE, "sub": sub, "exp": time.time() + 600, "scope": "transcribe"}
        return jwt.encode(claims, key, "RS256", headers={"kid": kid})

    def document(self, path: str) -> object:
        """Return the discovery document, or the key set of today."""
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.called, "jwks_uri": f"{self.url}/keys"}
        self.asked += 1
        to_jwk = jwt.algorithms.RSAAlgorithm.to_jwk
        return {
            "keys": [
                to_jwk(key.public_key(), as_dict=True) | {"kid": kid, "use": "sig"} for kid, key in self.keys.items()
            ]
        }

    def leave(self) -> None:
        """Answer nobody any more."""
        if not self._serving.done():
            self.shutdown()
            self._serving.result()
            self._pool.shutdown()
            self.server_close()


class _Answer(BaseHTTPRequestHandler):
    server: LiveIssuer

    def do_GET(self) -> None:  # the name in http.server
        body = json.dumps(self.server.document(self.path)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write no line for a request."""
