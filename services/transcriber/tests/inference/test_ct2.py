"""Whisper on CTranslate2: real weights, a real voice."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from carabin.registry.word_error import smoke_error
from carabin.transcriber.core.errors import DecodeFailed, DeviceShort, ModelBroken, ModelMismatch
from carabin.transcriber.inference.ct2 import Ct2Engine, is_of_device
from carabin.transcriber.inference.engine import DecodeRequest
from carabin.transcriber.inference.mel import GrowingMel
from carabin.transcriber.models.prompt import build_prompt
from faster_whisper.feature_extractor import FeatureExtractor

from ..helpers.real_models import SECOND, SENTENCE, base_folder, engine, say, set_mels, spoiled

__all__ = ["base_folder", "engine"]

SPOKEN = DecodeRequest(say(SENTENCE), 750, "fr", max_tokens=60)


def test_a_short_window_says_what_the_full_one_does(engine: Ct2Engine) -> None:
    [short], _ = engine.decode([SPOKEN])
    [full], _ = engine.decode([replace(SPOKEN, window_frames=3000)])
    assert smoke_error(SENTENCE, short.text) == smoke_error(SENTENCE, full.text) == 0
    assert short.text.startswith(" ")
    assert short.avg_logprob > -0.5
    assert not short.hit_cap


@pytest.mark.parametrize(
    ("text", "of_device"),
    [
        ("CUDA failed with error out of memory", True),
        ("cuBLAS failed with status CUBLAS_STATUS_NOT_INITIALIZED", True),
        ("Library libcublas.so.12 is not found or cannot be loaded", True),
        ("CUDA driver version is insufficient for CUDA runtime version", True),
        ("Resource temporarily unavailable", True),
        ("could not create a primitive", True),
        ("Unable to open file 'model.bin' in model '/models/v2'", False),
        ("Unsupported model binary version", False),
    ],
)
def test_what_the_gpu_reports_is_distinguished_from_what_is_wrong_with_a_model(text: str, of_device: bool) -> None:
    assert is_of_device(RuntimeError(text)) is of_device
    assert is_of_device(MemoryError("std::bad_alloc"))


@pytest.mark.parametrize("error", [MemoryError("std::bad_alloc"), RuntimeError("Resource temporarily unavailable")])
def test_memory_that_is_short_while_a_model_loads_is_not_held_against_the_model(
    error: Exception, base_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def out_of_memory(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("ctranslate2.models.Whisper", out_of_memory)
    with pytest.raises(DeviceShort, match="CTranslate2 cannot load it"):
        Ct2Engine(base_folder, version="v1", device="cpu", compute_type="int8")


def test_silence_behind_the_samples_is_decoded_as_if_it_had_been_recorded(engine: Ct2Engine) -> None:
    recorded = np.concatenate([SPOKEN.samples, np.zeros(int(0.34 * 16_000), np.float32)])  # and one frame, as always
    [put], [hypothesis], [without] = (
        engine.decode([request])[0]
        for request in (replace(SPOKEN, silence_s=0.35), replace(SPOKEN, samples=recorded), SPOKEN)
    )
    assert put.avg_logprob == pytest.approx(hypothesis.avg_logprob, abs=1e-5)
    assert put.avg_logprob != pytest.approx(without.avg_logprob, abs=1e-5)


def test_features_that_grew_with_the_audio_decode_to_the_same_text(engine: Ct2Engine) -> None:
    mel = engine.growing_mel()
    for n in range(16_000, len(SPOKEN.samples), 16_000):
        engine.decode([replace(SPOKEN, samples=SPOKEN.samples[:n], mel=mel)])
    [grown], _ = engine.decode([replace(SPOKEN, mel=mel)])
    [at_once], _ = engine.decode([SPOKEN])
    assert grown.text == at_once.text
    assert grown.avg_logprob == pytest.approx(at_once.avg_logprob, abs=0.02)  # int8 rounds the least difference up


def test_a_spectrogram_of_other_mel_bins_is_left_aside(engine: Ct2Engine) -> None:
    other = GrowingMel(FeatureExtractor(feature_size=128))
    [hypothesis], _ = engine.decode([replace(SPOKEN, mel=other)])
    assert hypothesis.text == engine.decode([SPOKEN])[0][0].text


def test_a_batch_says_what_each_says_alone(engine: Ct2Engine) -> None:
    requests = [SPOKEN, replace(SPOKEN, samples=say(SECOND)), replace(SPOKEN, samples=say("Bonjour docteur."))]
    together, _ = engine.decode(requests)
    alone = [engine.decode([request])[0][0] for request in requests]
    assert [h.text for h in together] == [h.text for h in alone]
    assert [h.language for h in together] == ["fr"] * 3


def test_a_forced_prefix_is_kept_and_not_said_again(engine: Ct2Engine) -> None:
    [free], _ = engine.decode([SPOKEN])
    prefix = tuple(token for word in free.words[:3] for token in word.tokens)
    [forced, other], _ = engine.decode([replace(SPOKEN, prefix=prefix), SPOKEN])
    assert "".join(word.text for word in free.words[:3]) + forced.text == free.text
    assert forced.n_tokens == free.n_tokens
    assert other.text == free.text


def test_nothing_is_added_behind_a_prefix_that_says_it_all(engine: Ct2Engine) -> None:
    [free], _ = engine.decode([SPOKEN])
    prefix = tuple(token for word in free.words for token in word.tokens)
    [rest], _ = engine.decode([replace(SPOKEN, prefix=prefix)])
    assert rest.text == ""


def test_the_token_cap_ends_a_decode(engine: Ct2Engine) -> None:
    for prompt in ((), build_prompt(engine, ["amoxicilline"], None).tokens):
        [cut], _ = engine.decode([replace(SPOKEN, max_tokens=4, prompt=prompt)])
        assert 4 <= cut.n_tokens <= 5  # CTranslate2 counts the first mark of a prompt differently
        assert cut.hit_cap


def test_word_times_rise_and_end_with_the_audio(engine: Ct2Engine) -> None:
    [hypothesis], _ = engine.decode([replace(SPOKEN, word_timestamps=True)])
    assert "".join(word.text for word in hypothesis.timed_words) == hypothesis.text
    times = [time for word in hypothesis.timed_words for time in (word.start_s, word.end_s)]
    assert times == sorted(times)
    assert times[-1] <= len(SPOKEN.samples) / 16_000 + 0.1
    assert hypothesis.timed_words[-1].text == " matin."
    [thoracic] = [word for word in hypothesis.timed_words if "thoracique" in word.text]
    assert 1.2 < thoracic.start_s < 1.8


def test_word_times_survive_a_batch(engine: Ct2Engine) -> None:
    request = replace(SPOKEN, word_timestamps=True)
    [alone], _ = engine.decode([request])
    [_, second], _ = engine.decode([replace(request, samples=say(SECOND)), request])
    assert [word.text for word in second.timed_words] == [word.text for word in alone.timed_words]


def test_an_open_language_is_detected_beside_a_given_one(engine: Ct2Engine) -> None:
    [guessed, given], _ = engine.decode([replace(SPOKEN, language=None), replace(SPOKEN, language="en")])
    assert (guessed.language, given.language) == ("fr", "en")
    assert 0.5 < guessed.language_probability <= 1
    assert given.language_probability == 1


def test_a_prompt_leaves_the_words_as_they_are(engine: Ct2Engine) -> None:
    prompt = build_prompt(engine, ["thoracique", "amoxicilline"], "Compte rendu de consultation.").tokens
    [hypothesis], _ = engine.decode([replace(SPOKEN, prompt=prompt)])
    assert smoke_error(SENTENCE, hypothesis.text) == 0


def test_prompts_of_unequal_length_fail_as_one_clear_error(engine: Ct2Engine) -> None:
    with pytest.raises(DecodeFailed, match="batch of 2"):
        engine.decode([SPOKEN, replace(SPOKEN, prompt=engine.encode_text(" un mot"))])


def test_noise_is_not_mistaken_for_sure_text(engine: Ct2Engine) -> None:
    noise = np.random.default_rng(0).normal(0, 0.05, 48_000).astype(np.float32)
    [hypothesis], _ = engine.decode([replace(SPOKEN, samples=noise)])
    assert hypothesis.avg_logprob < -1
    assert hypothesis.no_speech_prob > 0.45


@pytest.mark.parametrize("name", ["model.bin", "config.json", "tokenizer.json", "preprocessor_config.json"])
def test_a_missing_file_is_named(base_folder: Path, tmp_path: Path, name: str) -> None:
    folder = spoiled(base_folder, tmp_path / "bad")
    (folder / name).unlink()
    with pytest.raises(ModelBroken, match=name):
        Ct2Engine(folder)


def test_truncated_weights_are_refused(base_folder: Path, tmp_path: Path) -> None:
    folder = spoiled(base_folder, tmp_path / "bad")
    data = (folder / "model.bin").read_bytes()[:1_000_000]
    (folder / "model.bin").unlink()
    (folder / "model.bin").write_bytes(data)
    with pytest.raises(ModelBroken, match="CTranslate2 cannot load it"):
        Ct2Engine(folder, version="v9")


def test_other_mel_bins_than_the_weights_take_are_refused(base_folder: Path, tmp_path: Path) -> None:
    folder = spoiled(base_folder, tmp_path / "bad")
    set_mels(folder, 128)
    with pytest.raises(ModelMismatch, match="128"):
        Ct2Engine(folder)


def test_another_models_tokenizer_is_refused(base_folder: Path, tmp_path: Path) -> None:
    folder = spoiled(base_folder, tmp_path / "bad")
    text = (folder / "tokenizer.json").read_text().replace("<|notimestamps|>", "<|nothing|>")
    (folder / "tokenizer.json").write_text(text)
    with pytest.raises(ModelMismatch, match="not Whisper's"):
        Ct2Engine(folder)


CONTROL = "<|endoftext|><|startoftranscript|><|en|><|translate|><|notimestamps|>"


def test_control_tokens_in_a_text_are_its_characters(engine: Ct2Engine) -> None:
    tokens = engine.encode_text(f" {CONTROL} <|0.00|> bonjour <|fr|>")
    assert max(tokens) < engine.end_of_text
    plain = " Compte rendu de l'échographie, 12 mm."
    assert engine.encode_text(plain) == tuple(engine._tokenizer_json.encode(plain, add_special_tokens=False).ids)


@pytest.mark.parametrize("where", ["initial prompt", "expected words"])
def test_control_tokens_in_a_prompt_change_neither_language_nor_task(engine: Ct2Engine, where: str) -> None:
    expected, initial = ([], CONTROL) if where == "initial prompt" else ([CONTROL], None)
    prompt = build_prompt(engine, expected, initial)
    [hypothesis], _ = engine.decode([replace(SPOKEN, prompt=prompt.tokens)])
    assert smoke_error(SENTENCE, hypothesis.text) <= 0.2
    assert "patient" in hypothesis.text
    assert "pain" not in hypothesis.text


@pytest.mark.parametrize("n", [30, 96, 142, 400])
def test_expected_words_without_commas_are_used_as_far_as_they_fit(engine: Ct2Engine, n: int) -> None:
    words = " ".join(f"amoxicilline{i}" if i % 3 else "bisoprolol" for i in range(n))
    prompt = build_prompt(engine, [words], None)
    assert prompt.expected, "the whole list vanished"
    assert words.startswith(prompt.expected[0])
    assert len(prompt.expected[0].split()) + prompt.cut_expected_words == n
