"""The tests' issuers give what PyJWT, which is not ours, takes for a good token; one that left answers nobody."""

from pathlib import Path

import jwt
import pytest
from carabin.service.testing.issuer import AUDIENCE, ISSUER, FileIssuer, LiveIssuer


def test_a_token_of_the_files_issuer_is_good_and_its_claims_can_be_changed(tmp_path: Path) -> None:
    issuer = FileIssuer(tmp_path)
    [key] = jwt.PyJWKSet.from_json(issuer.jwks.read_text()).keys
    claims = jwt.decode(issuer.token(sub="x", scope=None), key.key, ["ES256"], audience=AUDIENCE, issuer=ISSUER)
    assert (claims["sub"], "scope" in claims) == ("x", False)


def test_a_live_issuer_is_found_by_its_discovery_document_until_it_leaves() -> None:
    issuer = LiveIssuer()
    try:
        client = jwt.PyJWKClient(f"{issuer.url}/keys")
        token = issuer.token()
        key = client.get_signing_key_from_jwt(token).key
        assert jwt.decode(token, key, ["RS256"], audience=AUDIENCE, issuer=issuer.url)["sub"] == "dr-house"
        assert issuer.asked == 1
    finally:
        issuer.leave()
    with pytest.raises(jwt.PyJWKClientConnectionError):
        jwt.PyJWKClient(f"{issuer.url}/keys").fetch_data()
