"""A tiny model that writes a sentence whatever it is given, and somebody who dictates to it and must lose nothing."""

import asyncio
import itertools
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from carabin.client import FinalText, Options, connect
from carabin.exporter.conversion.convert import convert_all
from carabin.registry.artifacts.manifest import ModelFormat
from carabin.registry.artifacts.publish import publish_model
from carabin.registry.s3_store import MinioStore

from .speech import RATE_HZ, spoken_sentence
from .tiny import exportable_checkpoint
from .transcriber import Answering

FORMAT = ModelFormat(quantization="float16", n_mels=80, n_languages=99, vocabulary_size=51865, ctranslate2="4.8.5")
PACKET = 1777
Ranges = list[tuple[float, float, str]]
numbers = itertools.count()


def tiny_model(folder: Path, sentence: str | None = None) -> Path:
    """Write a model of this sentence, by default the shipped one, and return where its files are."""
    checkpoint = folder / "checkpoint"
    checkpoint.mkdir()
    convert_all(exportable_checkpoint(checkpoint, sentence), {"float16": folder / "float16"})
    return folder / "float16"


def publish_next(store: MinioStore, bucket: str, model: str, files: Path) -> str:
    """Publish the next version: the same weights, with a file of its own."""
    number = next(numbers)
    (files / "README.md").write_text(f"number {number}")
    at = datetime.now(UTC) - timedelta(days=1) + timedelta(minutes=number)
    return publish_model(store, bucket, model, files, at, format=FORMAT).version


async def dictate(transcriber: Answering, until: threading.Event | None = None) -> Ranges:
    """Dictate one sentence, and again until the event; return the finals' times in seconds and texts."""
    samples = spoken_sentence()
    async with connect(transcriber.websocket, Options()) as dictation:
        while True:
            for place in range(0, len(samples), PACKET):
                await dictation.send(samples[place : place + PACKET])
                await asyncio.sleep(PACKET / RATE_HZ / 2)
            if until is None or until.is_set():
                break
        await dictation.finish()
        return [(final.start_s, final.end_s, final.text) async for final in dictation if isinstance(final, FinalText)]


def require_nothing_lost(spoken: Ranges, alone: Ranges) -> None:
    """Each repetition of the sentence must have what it has alone, later by the length of those before it."""
    length_s = len(spoken_sentence()) / RATE_HZ
    assert len(spoken) % len(alone) == 0, spoken
    for number, (start_s, end_s, text) in enumerate(spoken):
        repetition, place = divmod(number, len(alone))
        expected_start_s, expected_end_s, expected_text = alone[place]
        assert start_s - repetition * length_s == pytest.approx(expected_start_s, abs=0.2)
        assert end_s - repetition * length_s == pytest.approx(expected_end_s, abs=0.2)
        assert text.strip() == expected_text.strip()
