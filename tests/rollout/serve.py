"""The real transcriber, whose versions behave as a file says: python serve.py BEHAVIOURS, and the service's arguments.

Sockets, sessions, registry, canary, scheduling, metrics and decoding are the service's own. What is added to the decode
of a version is what makes it worse: it takes longer, loses its text or is unsure of it.
"""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from carabin.transcriber import __main__, bootstrap
from carabin.transcriber.inference.ct2 import Ct2Engine
from carabin.transcriber.inference.engine import DecodeRequest, DecodeTiming, Hypothesis

SLOWER_S = 0.7
BEHAVIOURS = Path(sys.argv[1])


class WorseEngine(Ct2Engine):
    """Decodes as the real one does, then does to the result what its version is to be known for."""

    def __init__(self, folder: Path, *, version: str, **settings: Any) -> None:
        super().__init__(folder, version=version, **settings)
        self.behaviour = json.loads(BEHAVIOURS.read_text()).get(version, "")

    def decode(self, batch: Sequence[DecodeRequest]) -> tuple[list[Hypothesis], DecodeTiming]:
        hypotheses, timing = super().decode(batch)
        if self.behaviour == "slower":
            time.sleep(SLOWER_S)
        elif self.behaviour == "emptier":
            hypotheses = [replace(each, text="", words=(), n_tokens=0, timed_words=()) for each in hypotheses]
        elif self.behaviour == "unsure":
            hypotheses = [replace(each, avg_logprob=-0.9) for each in hypotheses]
        return hypotheses, timing


if __name__ == "__main__":
    bootstrap.Ct2Engine = WorseEngine  # type: ignore[misc]
    sys.exit(__main__.main(sys.argv[2:]))
