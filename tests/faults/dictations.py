"""A tiny model that writes a sentence whatever it is given, and somebody who dictates to it and must lose nothing."""

import asyncio
import itertools
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

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


class Dictated(NamedTuple):
    """Somebody's whole dictation."""

    finals: Ranges
    """Times in seconds and texts."""
    repetitions: int
    """How often the sentence was sent."""


async def dictate(transcriber: Answering, until: threading.Event | None = None) -> Dictated:
    """Dictate one sentence, and again until the event."""
    samples = spoken_sentence()
    async with connect(transcriber.websocket, Options()) as dictation:
        repetitions = 0
        while True:
            repetitions += 1
            for place in range(0, len(samples), PACKET):
                await dictation.send(samples[place : place + PACKET])
                await asyncio.sleep(PACKET / RATE_HZ / 2)
            if until is None or until.is_set():
                break
        await dictation.finish()
        finals = [(each.start_s, each.end_s, each.text) async for each in dictation if isinstance(each, FinalText)]
    return Dictated(finals, repetitions)


def require_nothing_lost(spoken: Dictated, alone: Dictated) -> None:
    """Each repetition of the sentence must have what it has alone, later by the length of those before it."""
    length_s = len(spoken_sentence()) / RATE_HZ
    assert alone.finals, "nothing was written, and nothing could be lost"
    assert alone.repetitions == 1
    assert len(spoken.finals) == spoken.repetitions * len(alone.finals), spoken
    for number, (start_s, end_s, text) in enumerate(spoken.finals):
        repetition, place = divmod(number, len(alone.finals))
        expected_start_s, expected_end_s, expected_text = alone.finals[place]
        assert start_s - repetition * length_s == pytest.approx(expected_start_s, abs=0.2)
        assert end_s - repetition * length_s == pytest.approx(expected_end_s, abs=0.2)
        assert text.strip() == expected_text.strip()
