"""Which model writes: one that is not loaded yet, another specialty's, and one that is promoted under a dictation."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from carabin.registry.artifacts.manifest import ModelFormat
from carabin.registry.artifacts.publish import publish_model
from carabin.registry.stages.promote import promote
from carabin.registry.testing.memory import MemoryStore
from carabin.transcriber.bootstrap import make_transcriber
from carabin.transcriber.runtime.transcriber import LiveTranscriber
from carabin.transcriber.settings.model import TranscriberSettings

from .microphone import MICROPHONE, Messages, begin, dictate, say, until_written
from .pages import WAIT_MS, Open, choose, finish, start, text, until, words
from .servers import LoopThread
from .transcript import SENTENCES, TRANSCRIPT, WITHOUT_PAUSE, share_recognised

FIRST, SECOND, THIRD = SENTENCES
BUCKET = "models"
MOST_SENTENCES = 20
"""More than are said while a model is loaded on a busy machine."""
NOTE_TOASTS = """() => {
  window.toasts = [];
  const toast = document.querySelector('#toast');
  new MutationObserver(() => toasts.push(toast.textContent)).observe(toast, { childList: true });
}"""
FORMAT = ModelFormat(quantization="float16", n_mels=80, n_languages=99, vocabulary_size=51865, ctranslate2="4.8.5")


class Registry:
    """A registry in which a test promotes Whisper base under any name."""

    def __init__(self, folder: Path) -> None:
        self.objects = MemoryStore()
        self.objects.ensure_bucket(BUCKET)
        self._folder = folder
        self._at = datetime(2026, 1, 1, tzinfo=UTC)

    def promote(self, name: str) -> str:
        """Publish a version, put it into production, and return it."""
        self._at += timedelta(hours=1)
        version = publish_model(self.objects, BUCKET, name, self._folder, self._at, format=FORMAT).version
        promote(self.objects, BUCKET, name, version, by="test", reason="test", at=datetime.now(UTC))
        return version


@pytest.fixture
def registry(base_folder: Path) -> Registry:
    return Registry(base_folder)


@pytest.fixture
def models() -> tuple[str, ...]:
    """The names that are served, the default first."""
    return ("whisper",)


@pytest.fixture
def transcriber(
    loop: LoopThread, registry: Registry, models: tuple[str, ...], tmp_path: Path
) -> Iterator[LiveTranscriber]:
    """The real transcriber of a registry, with a real Whisper for each name that is in production."""
    settings = TranscriberSettings(models=",".join(models), cache_dir=tmp_path, poll_s=0.1, device="cpu", workers=1)

    async def started() -> LiveTranscriber:
        transcriber = make_transcriber(settings, store=registry.objects, bucket=BUCKET)
        await transcriber.start()
        return transcriber

    transcriber = loop.run(started())
    yield transcriber
    loop.run(transcriber.stop(0.0))


def test_speech_is_kept_until_the_model_is_loaded_and_goes_on_under_its_successor(
    open_page: Open, registry: Registry
) -> None:
    page = open_page(MICROPHONE)
    page.click("#dictate")
    page.wait_for_selector("#error:not([hidden])", timeout=WAIT_MS)
    assert "pas encore chargé" in page.inner_text("#error")
    say(page, FIRST)
    first = registry.promote("whisper")
    page.wait_for_selector("#state[data-state=open]", timeout=WAIT_MS)
    assert not page.is_visible("#error")
    until_written(page, 0)
    assert page.text_content("#model") == f"whisper {first}"
    page.evaluate(NOTE_TOASTS)
    begin(page)
    second = registry.promote("whisper")
    for _ in range(MOST_SENTENCES):  # The sentence of the moment is the older version's.
        dictate(page, THIRD)
        if page.text_content("#model") == second:
            break
    assert any(second in toast for toast in page.evaluate("window.toasts"))
    finish(page)
    assert share_recognised(words(page), [FIRST, WITHOUT_PAUSE, THIRD]) >= TRANSCRIPT, text(page)


@pytest.mark.parametrize("models", [("cardiologie", "radiologie")])
def test_another_specialty_is_written_by_its_model_and_loses_no_sentence(
    open_page: Open, registry: Registry, models: tuple[str, ...]
) -> None:
    versions = {name: registry.promote(name) for name in models}
    page = open_page(MICROPHONE)
    page.wait_for_selector("#specialty-box:not([hidden])", state="attached", timeout=WAIT_MS)
    assert page.locator("#specialty option").all_inner_texts() == list(models)
    messages = Messages(page)
    start(page)
    dictate(page, FIRST)
    assert page.text_content("#model") == f"cardiologie {versions['cardiologie']}"
    choose(page, "#specialty", "radiologie")
    assert page.get_attribute("#dictate", "aria-pressed") == "true"
    say(page, SECOND)
    until(page, f"document.querySelector('#model').textContent === 'radiologie {versions['radiologie']}'")
    finish(page)
    assert [greeting["model"] for greeting in messages.greetings] == list(models)
    assert share_recognised(words(page), [FIRST, SECOND]) >= TRANSCRIPT, text(page)
