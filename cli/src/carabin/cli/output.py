"""JSON on standard output, the one way that all commands print for machines."""

import json
import sys
from typing import Any

from carabin.service.output import takes_all_characters


def write_json(document: Any, *, indent: int | None = None) -> None:
    """Write one JSON document and a line end; escaped where the output's encoding lacks characters."""
    escape = not takes_all_characters(sys.stdout)
    sys.stdout.write(json.dumps(document, ensure_ascii=escape, indent=indent, default=str) + "\n")
    sys.stdout.flush()
