"""An issuer of OpenID Connect tokens, as a hospital has one."""

import json
import time
from pathlib import Path

import jwt
import pytest
from carabin.transcriber.access.jwks import KeyFile
from carabin.transcriber.access.oidc import OidcTokens
from cryptography.hazmat.primitives.asymmetric import ec

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
