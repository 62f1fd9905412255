"""An issuer whose keys lie in a file, and who accepts its tokens."""

from pathlib import Path

import pytest
from carabin.service.access.jwks import KeyFile
from carabin.service.access.oidc import OidcTokens
from carabin.service.testing.issuer import AUDIENCE, ISSUER, FileIssuer


@pytest.fixture
def issuer(tmp_path: Path) -> FileIssuer:
    return FileIssuer(tmp_path)


@pytest.fixture
def tokens(issuer: FileIssuer) -> OidcTokens:
    return OidcTokens(ISSUER, AUDIENCE, "transcribe", KeyFile(issuer.jwks))
