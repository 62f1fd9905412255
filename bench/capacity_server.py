"""The server of bench/capacity.py: the real service over an engine whose device is pretended.

python bench/capacity_server.py MODEL_FOLDER PORT BATCH_MS BATCH
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from carabin.registry.serving_window import WindowPolicy
from carabin.service.threads import ThreadSupervisor
from carabin.transcriber.core.config import SAMPLE_RATE_HZ
from carabin.transcriber.core.memory import bound_heap
from carabin.transcriber.http.app import make_parts
from carabin.transcriber.http.server import Server
from carabin.transcriber.inference.ct2 import Ct2Engine
from carabin.transcriber.inference.engine import DecodeRequest, DecodeTiming, Hypothesis, TokenWord
from carabin.transcriber.metrics import Metrics
from carabin.transcriber.models.lexicons import Lexicons
from carabin.transcriber.models.source import FolderSource
from carabin.transcriber.runtime.served_models import ModelParts
from carabin.transcriber.runtime.transcriber import LiveTranscriber
from carabin.transcriber.scheduling.mel_workers import GPU_MEL_WORKERS
from carabin.transcriber.settings.model import TranscriberSettings
from carabin.transcriber.settings.server import ServerSettings

SAID = " Pas de fracture visible, le foie est de taille normale et la rate mesure douze centimètres."
WORDS_PER_S = 2.4
"""Of French as it is dictated."""


class PretendedDevice(Ct2Engine):
    """Computes the features of each batch and sleeps for the rest; what it writes is as long as what was said."""

    def __init__(self, folder: Path, windows: WindowPolicy, batch_s: float, batch: int) -> None:
        super().__init__(folder, windows=windows, replicas=1)
        self._batch_s, self._batch = batch_s, batch
        self._words = [f" {word}" for word in SAID.split()]
        self._tokens = [self.encode_text(word) for word in self._words]

    @property
    def max_batch(self) -> int:
        return self._batch

    def decode(self, batch: Sequence[DecodeRequest]) -> tuple[list[Hypothesis], DecodeTiming]:
        started = time.perf_counter()
        for request in batch:  # what the threads for features left over
            self._mel(request)
        features_s = time.perf_counter() - started
        time.sleep(self._batch_s)
        return [self._hypothesis_of(request) for request in batch], DecodeTiming(features_s, self._batch_s)

    def _hypothesis_of(self, request: DecodeRequest) -> Hypothesis:
        seconds = len(request.samples) / SAMPLE_RATE_HZ
        words, before = [], len(request.prefix)
        for i in range(int(seconds * WORDS_PER_S)):
            text, tokens = self._words[i % len(self._words)], self._tokens[i % len(self._words)]
            # Words of the prefix are not written again.
            if before >= len(tokens):
                before -= len(tokens)
                continue
            words.append(TokenWord(text, tokens, (i + 1) / WORDS_PER_S))
        return Hypothesis(
            text="".join(word.text for word in words),
            words=tuple(words),
            avg_logprob=-0.2,
            no_speech_prob=0.0,
            n_tokens=sum(len(word.tokens) for word in words) + len(request.prefix),
            hit_cap=False,
            language=request.language or "fr",
            language_probability=1.0,
        )


async def serve(folder: Path, port: int, batch_s: float, batch: int) -> None:
    """Serve until SIGTERM."""
    settings = TranscriberSettings(model_dir=folder, max_sessions=1000)

    def load(folder: Path, _: str, windows: WindowPolicy) -> PretendedDevice:
        return PretendedDevice(folder, windows, batch_s, batch)

    metrics, lexicons = Metrics(), Lexicons()
    transcriber = LiveTranscriber(
        settings,
        [ModelParts(settings.model_name, FolderSource(folder, lexicons), lexicons)],
        load,
        metrics=metrics,
        threads=ThreadSupervisor(metrics.registry),
        workers=1,
        mel_workers=GPU_MEL_WORKERS,
    )
    server_settings = ServerSettings(port=port, grpc_port=None, sessions_per_identity=1000)
    parts = make_parts(transcriber, server_settings, metrics.registry, transcriber.vocabulary_names)
    await Server(parts).serve()


if __name__ == "__main__":
    bound_heap()
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) / 1000, int(sys.argv[4])))
