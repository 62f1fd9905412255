"""Whisper on CTranslate2: the one seam to the library, and to the parts of faster-whisper that are not a pipeline.

Over 200 lines: a seam to a library is one module, so that its types and errors stay behind it.
"""

import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
from carabin.registry.serving_window import WindowPolicy, frames_in
from carabin.service.memory_errors import says_memory_is_short
from carabin.service.threads import LoggedPool
from faster_whisper.feature_extractor import FeatureExtractor
from faster_whisper.tokenizer import Tokenizer
from numpy.typing import NDArray

from ..core.config import SAMPLE_RATE_HZ
from ..core.errors import DecodeFailed, DeviceFailed, DeviceShort, ModelBroken, ModelMismatch
from ..core.memory import free_memory
from .engine import DecodeRequest, DecodeTiming, Hypothesis, TimedWord, TokenWord
from .mel import GrowingMel
from .model_files import (
    END_OF_TEXT,
    has_alignment,
    read_n_mels,
    read_tokenizer,
    require_files,
    without_added_tokens,
)
from .word_alignment import least_probabilities, timed_words, word_ends_s

CPU_BATCH = 4
"""Measured on one core: four in a batch decode 2.3 times faster than one by one, eight no faster than four."""
GPU_BATCH = 16
_DEVICE = re.compile(r"\bCUDA|\bcu(?:BLAS|DNN|RAND)|lib(?:cublas|cudnn|nvrtc|cuda)", re.IGNORECASE)
"""How CTranslate2 4 begins or names what CUDA and its libraries report (src/cuda/utils.h)."""
MIN_SILENCE_SAMPLES = 160
"""What faster-whisper puts behind any audio: one frame."""
SECOND_BEAM = 2
"""Of the decode with words of the lexicon, of which only those words are taken: five take a quarter longer."""
ALTERNATIVES = 4
"""Hypotheses beside the best that the lexicon is looked up for: of the terms that a stock model missed, 80 % are among
16 candidates with them and 68 % without (24 sentences, 50,000 entries)."""
MAX_LENGTH = 448
"""Whisper's decoder has so many positions (Radford et al. 2022)."""


class Ct2Engine:
    """A CTranslate2 folder, loaded without a network.

    Args:
        folder: a model version's files.
        version: how errors name it.
        device: `cpu`, `cuda` or `auto`.
        compute_type: CTranslate2's, e.g. `int8` or `float16`; `default` keeps the stored type.
        replicas: batches decoded at the same time; on a CPU one per core, each on one thread.

    Raises:
        ModelBroken: a file is missing or cannot be read.
        ModelMismatch: mel bins or vocabulary disagree with the weights.
    """

    def __init__(
        self,
        folder: Path,
        *,
        version: str = "local",
        device: str = "cpu",
        compute_type: str = "int8",
        replicas: int = 2,
        windows: WindowPolicy | None = None,
    ) -> None:
        require_files(folder, version)
        self._tokenizer_json = read_tokenizer(folder, version)
        self._end_of_text = int(self._tokenizer_json.token_to_id(END_OF_TEXT) or 0)
        self._text_tokenizer = without_added_tokens(self._tokenizer_json)
        n_mels = read_n_mels(folder, version)
        self._version = version
        self._model: Any = _load(folder, version, device, compute_type, replicas)
        self._on_cpu = self._model.device == "cpu"
        self._beside = LoggedPool(replicas, "second-decode") if self._on_cpu and replicas > 1 else None
        """Threads of second decodes that begin beside the first one; a GPU has one stream, which gains nothing."""
        if self._model.n_mels != n_mels:
            raise ModelMismatch(
                version, f"preprocessor_config.json says {n_mels} mel bins, the weights take {self._model.n_mels}"
            )
        self._multilingual: bool = self._model.is_multilingual
        self._features: Any = FeatureExtractor(feature_size=n_mels)
        self._windows = windows or WindowPolicy()
        self._tokenizers: dict[tuple[str, str], Any] = {}
        self._can_align = has_alignment(folder)

    @property
    def windows(self) -> WindowPolicy:
        return self._windows

    @property
    def n_mels(self) -> int:
        return int(self._model.n_mels)

    @property
    def max_batch(self) -> int:
        return CPU_BATCH if self._on_cpu else GPU_BATCH

    def growing_mel(self) -> GrowingMel:
        return GrowingMel(self._features)

    def knows(self, language: str) -> bool:
        if not self._multilingual:
            return language == "en"
        return self._tokenizer_json.token_to_id(f"<|{language}|>") is not None

    @property
    def end_of_text(self) -> int:
        return self._end_of_text

    def encode_text(self, text: str) -> tuple[int, ...]:
        return tuple(self._text_tokenizer.encode(text, add_special_tokens=False).ids)

    def decode(self, batch: Sequence[DecodeRequest]) -> tuple[list[Hypothesis], DecodeTiming]:
        try:
            started = time.perf_counter()
            encoded = self._encode(batch)
            languages = self._languages(batch, encoded)
            between = time.perf_counter()
            hypotheses = self._generate(batch, encoded, languages)
            timing = DecodeTiming(between - started, time.perf_counter() - between)
        except (RuntimeError, ValueError, MemoryError) as error:
            failed = DeviceFailed if is_of_device(error) else DecodeFailed
            raise failed(f"model {self._version} failed on a batch of {len(batch)}: {error}") from error
        return hypotheses, timing

    def close(self) -> None:
        if self._model is None:
            return
        if self._beside is not None:
            self._beside.shutdown(cancel_futures=True)  # waits for what nobody waits for any more
        self._model.unload_model()
        self._model = None
        free_memory()

    def _encode(self, batch: Sequence[DecodeRequest]) -> Any:
        """Return the encoder's output, (batch, window / 2, width); the GPU takes the batch at once."""
        mels = [self._mel(request) for request in batch]
        if len(mels) == 1 or not self._on_cpu:
            return self._model.encode(ctranslate2.StorageView.from_array(np.stack(mels)))
        # A larger encoder batch falls out of the CPU's cache: one by one is as fast at four, faster at eight.
        parts = [np.array(self._model.encode(ctranslate2.StorageView.from_array(mel[None]))) for mel in mels]
        return ctranslate2.StorageView.from_array(np.concatenate(parts))

    def _mel(self, request: DecodeRequest) -> NDArray[np.float32]:
        """Return (mels, window) float32, padded with zeros as faster-whisper does."""
        silence = max(MIN_SILENCE_SAMPLES, int(request.silence_s * SAMPLE_RATE_HZ))
        mel: NDArray[np.float32]
        if request.mel is not None and request.mel.n_mels == self.n_mels:
            mel = request.mel.frames(request.samples, silence)[:, : request.window_frames]
        else:  # of a single decode, or of a shadow with other weights
            mel = self._features(request.samples, padding=silence)[:, : request.window_frames]
        padded = np.zeros((mel.shape[0], request.window_frames), np.float32)
        padded[:, : mel.shape[1]] = mel
        return padded

    def _languages(self, batch: Sequence[DecodeRequest], encoded: Any) -> list[tuple[str, float]]:
        if not self._multilingual:
            return [("en", 1.0)] * len(batch)
        if all(request.language for request in batch):
            return [(request.language or "", 1.0) for request in batch]
        found = self._model.detect_language(encoded)
        best = [(ranking[0][0].strip("<|>"), float(ranking[0][1])) for ranking in found]
        return [(r.language, 1.0) if r.language else detected for r, detected in zip(batch, best, strict=True)]

    def _generate(
        self, batch: Sequence[DecodeRequest], encoded: Any, languages: list[tuple[str, float]]
    ) -> list[Hypothesis]:
        tokenizers = [self._tokenizer(code, r.task) for r, (code, _) in zip(batch, languages, strict=True)]
        prompts = [_prompt(r, t) for r, t in zip(batch, tokenizers, strict=True)]
        cap = max(request.max_tokens for request in batch)
        start = max(len(prompt) for prompt in prompts)
        early = self._begin_second(batch, encoded, languages)
        results = self._model.generate(
            encoded,
            prompts,
            beam_size=batch[0].beam_size,
            # CTranslate2 stops at min(max_length / 2, max_length - prompt): this is the value that leaves `cap`.
            max_length=min(MAX_LENGTH, max(2 * cap, start + cap)),
            return_scores=True,
            return_no_speech_prob=True,
            num_hypotheses=_alternatives(batch) + 1,
            # Behind a forced prefix there may be no more text; forbidding the end makes Whisper repeat the prefix.
            suppress_blank=not any(request.prefix for request in batch),
        )
        found = zip(batch, results, tokenizers, languages, strict=True)
        hypotheses = [
            self._hypothesis(_item(encoded, i, len(batch)), request, result, tokenizer, language)
            for i, (request, result, tokenizer, language) in enumerate(found)
        ]
        decoded = [
            self._decode_again(_item(encoded, i, len(batch)), request, hypothesis, early)
            for i, (request, hypothesis) in enumerate(zip(batch, hypotheses, strict=True))
        ]
        if early is not None:
            early.cancel()  # where no thread has begun it, nobody wants it any more
        return decoded

    def _begin_second(
        self, batch: Sequence[DecodeRequest], encoded: Any, languages: list[tuple[str, float]]
    ) -> Future[Hypothesis | None] | None:
        """Begin the second decode of a request on its own beside the first one, with words that sound like its draft.

        What it takes is the same, and it is taken while another core has nothing to do.
        """
        [request, *others], second_pass = batch, batch[0].second_pass
        draft = request.draft() if request.draft is not None else ""
        if others or self._beside is None or second_pass is None or not draft:
            return None

        def decode() -> Hypothesis | None:
            return self._prompted(lambda: encoded, request, languages[0], second_pass.early_prompt(draft))

        return self._beside.submit(decode)

    def _decode_again(
        self,
        encoded: Callable[[], Any],
        request: DecodeRequest,
        first: Hypothesis,
        early: Future[Hypothesis | None] | None = None,
    ) -> Hypothesis:
        """Decode once more on the same encoder output where the request's second pass wants it, and merge.

        Args:
            early: a second decode that was begun beside the first; taken where it had the words that are wanted.
        """
        second_pass = request.second_pass
        if second_pass is None or not first.n_tokens:
            return first
        second: Hypothesis | None = None
        if prompt := second_pass.prompt(first):
            if early is not None and second_pass.is_early(first):
                second = early.result()
            else:
                second = self._prompted(encoded, request, (first.language, first.language_probability), prompt)
        passes = 1 if second is None else 2
        found = second_pass.merged(first, second)
        if not found.lexicon:
            return replace(first, passes=passes)
        tokenizer = self._tokenizer(first.language, request.task)
        tokens = list(self.encode_text(found.text))
        words, word_tokens = tokenizer.split_to_word_tokens(tokens)
        timed: tuple[TimedWord, ...] = ()
        if request.word_timestamps and tokens and self._can_align:
            timed = _timed(self._align(encoded(), request, tokenizer, tokens), tokenizer, tokens)
        return replace(
            first,
            text=found.text,
            words=tuple(TokenWord(w, tuple(t)) for w, t in zip(words, word_tokens, strict=True)),
            timed_words=timed,
            lexicon=found.lexicon,
            passes=passes,
        )

    def _prompted(
        self, encoded: Callable[[], Any], request: DecodeRequest, language: tuple[str, float], prompt: tuple[int, ...]
    ) -> Hypothesis | None:
        """Return what the decoder writes of the same encoder output with words of the lexicon as prompt, where any."""
        if not prompt:
            return None
        beam_size = min(SECOND_BEAM, request.beam_size)
        again = replace(request, prompt=prompt, beam_size=beam_size, second_pass=None, word_timestamps=False)
        [second] = self._generate([again], encoded(), [language])
        return second

    def _hypothesis(
        self,
        encoded: Callable[[], Any],
        request: DecodeRequest,
        result: Any,
        tokenizer: Any,
        language: tuple[str, float],
    ) -> Hypothesis:
        tokens = [token for token in result.sequences_ids[0] if token < tokenizer.eot]
        words, word_tokens = tokenizer.split_to_word_tokens(tokens[len(request.prefix) :])
        timed: tuple[TimedWord, ...] = ()
        ends_s: tuple[float | None, ...] = (None,) * len(words)
        certain: tuple[float, ...] = (1.0,) * len(words)
        if request.word_timestamps and tokens and self._can_align:
            alignment = self._align(encoded(), request, tokenizer, tokens)
            timed = _timed(alignment, tokenizer, tokens)
            lengths = [len(each) for each in word_tokens]
            ends_s = word_ends_s(alignment.alignments, lengths, len(request.prefix))
            certain = least_probabilities(alignment.text_token_probs, lengths, len(request.prefix))
        return Hypothesis(
            text="".join(words),
            words=tuple(
                TokenWord(word, tuple(of_word), end_s, probability)
                for word, of_word, end_s, probability in zip(words, word_tokens, ends_s, certain, strict=True)
            ),
            # The score is a mean over the tokens without the end mark, which faster-whisper counts as well.
            avg_logprob=result.scores[0] * len(tokens) / (len(tokens) + 1),
            no_speech_prob=result.no_speech_prob,
            n_tokens=len(tokens),
            hit_cap=len(tokens) >= request.max_tokens,
            language=language[0],
            language_probability=language[1],
            timed_words=timed,
            alternatives=tuple(
                self._text_tokenizer.decode([token for token in other if token < tokenizer.eot])
                for other in result.sequences_ids[1:]
            )
            if request.second_pass is not None
            else (),
        )

    def _align(self, encoded: Any, request: DecodeRequest, tokenizer: Any, tokens: list[int]) -> Any:
        """Align the tokens with the audio by the decoder's attention (dynamic time warping, done by CTranslate2)."""
        n_frames = min(frames_in(len(request.samples)), request.window_frames)
        [found] = self._model.align(encoded, tokenizer.sot_sequence, [tokens], n_frames)
        return found

    def _tokenizer(self, language: str, task: str) -> Any:
        key = (language, task)
        if key not in self._tokenizers:
            self._tokenizers[key] = Tokenizer(self._tokenizer_json, self._multilingual, task=task, language=language)
        return self._tokenizers[key]


def has_gpu(device: str) -> bool:
    """Return whether `cpu`, `cuda` or `auto` means a GPU on this machine."""
    return device == "cuda" or (device == "auto" and ctranslate2.get_cuda_device_count() > 0)


def _alternatives(batch: Sequence[DecodeRequest]) -> int:
    """Return how many hypotheses beside the best are wanted: the beam has them already, they cost nothing."""
    wanted = any(request.second_pass is not None for request in batch)
    return min(ALTERNATIVES, batch[0].beam_size - 1) if wanted else 0


def _prompt(request: DecodeRequest, tokenizer: Any) -> list[int]:
    context = [tokenizer.sot_prev, *request.prompt] if request.prompt else []
    return [*context, *tokenizer.sot_sequence, tokenizer.no_timestamps, *request.prefix]


def _timed(alignment: Any, tokenizer: Any, tokens: list[int]) -> tuple[TimedWord, ...]:
    words, word_tokens = tokenizer.split_to_word_tokens([*tokens, tokenizer.eot])
    lengths = [len(each) for each in word_tokens[:-1]]
    return timed_words(alignment.alignments, alignment.text_token_probs, words[:-1], lengths)


def _item(encoded: Any, i: int, n: int) -> Callable[[], Any]:
    """Return how to get item `i` of a batch of `n` encoder outputs, where somebody needs it."""
    if n == 1:
        return lambda: encoded
    return lambda: ctranslate2.StorageView.from_array(np.ascontiguousarray(_to_numpy(encoded)[i : i + 1]))


def _to_numpy(encoded: Any) -> NDArray[np.float32]:
    """Copy an encoder output into the machine's memory; CTranslate2 takes it back to its device by itself."""
    return np.array(encoded.to_device(ctranslate2.Device.cpu).to(ctranslate2.DataType.float32))


def _load(folder: Path, version: str, device: str, compute_type: str, replicas: int) -> Any:
    on_gpu = has_gpu(device)
    try:
        return ctranslate2.models.Whisper(
            str(folder),
            device="cuda" if on_gpu else "cpu",
            compute_type=compute_type,
            inter_threads=1 if on_gpu else replicas,
            intra_threads=1,
        )
    except (RuntimeError, ValueError, MemoryError) as error:
        refused = DeviceShort if is_of_device(error) else ModelBroken
        raise refused(version, f"CTranslate2 cannot load it: {error}") from error


def is_of_device(error: Exception) -> bool:
    """Say whether CTranslate2's error is one of the GPU or its driver, by the libraries that it names, or of memory."""
    if isinstance(error, MemoryError):
        return True
    return _DEVICE.search(str(error)) is not None or says_memory_is_short(str(error))
