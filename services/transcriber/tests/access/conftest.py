"""An issuer whose keys lie in a file."""

from pathlib import Path

import pytest
from carabin.service.testing.issuer import FileIssuer


@pytest.fixture
def issuer(tmp_path: Path) -> FileIssuer:
    return FileIssuer(tmp_path)
