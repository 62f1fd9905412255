"""Features on disk: every dictation's mel, or its encoder states, unpadded in one flat file that pages in as needed."""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from carabin.registry.disk import local_file
from faster_whisper.feature_extractor import FeatureExtractor

Mel = npt.NDArray[np.float32]


class MelMaker:
    """Log-mel spectrograms exactly as the transcriber makes them: faster-whisper's, zeros after the end.

    Training on Hugging Face's (which pads the audio, not the mel) would differ by 0.5 to 0.7 on every padded frame.
    """

    def __init__(self, n_mels: int) -> None:
        self.n_mels = n_mels
        self._extractor = FeatureExtractor(feature_size=n_mels)

    def __call__(self, samples: npt.NDArray[np.float32]) -> Mel:
        """Return the (n_mels, n_frames) mel of (n,) samples at 16 kHz in [-1, 1], unpadded."""
        return np.asarray(self._extractor(samples), np.float32)


def pad(mel: Mel, window: int) -> Mel:
    """Return (n_mels, window) frames: zeros after the end, as faster-whisper pads, or the end cut off."""
    padded = np.zeros((mel.shape[0], window), np.float32)
    kept = min(window, mel.shape[1])
    padded[:, :kept] = mel[:, :kept]
    return padded


class ArrayFile(Sequence[npt.NDArray[Any]]):
    """Arrays of one dtype and rank in one file, read without loading it."""

    def __init__(self, file: Path) -> None:
        index = json.loads(_index_of(file).read_text())
        self.made_of: str = index["made_of"]
        """Of what its writer said that it made them; arrays of anything else must not be taken for them."""
        self._shapes = [tuple(shape) for shape in index["shapes"]]
        self._starts = np.concatenate([[0], np.cumsum([np.prod(shape, dtype=np.int64) for shape in self._shapes])])
        self._data = np.memmap(file, dtype=index["dtype"], mode="r", shape=(int(self._starts[-1]),))

    def __len__(self) -> int:
        return len(self._shapes)

    def __getitem__(self, index: Any) -> Any:
        start, end = self._starts[index], self._starts[index + 1]
        return self._data[start:end].reshape(self._shapes[index])

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """The shape of each array."""
        return self._shapes

    @property
    def n_bytes(self) -> int:
        """Bytes of all arrays together."""
        return int(self._data.nbytes)


def digest_of(*parts: object) -> str:
    """Return a SHA-256 that only equal parts have, for `made_of`."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def find_arrays(file: Path) -> ArrayFile | None:
    """Return what an earlier start wrote to `file`; None where it did not end, or not as we do."""
    try:
        return ArrayFile(file)
    except (FileNotFoundError, ValueError, KeyError):  # none did, the machine lost its power, or another release wrote
        return None


def write_arrays(file: Path, arrays: Iterable[npt.NDArray[Any]], dtype: str, made_of: Callable[[], str]) -> ArrayFile:
    """Write `arrays` to `file`, in place of what is there; its index is written last.

    Args:
        made_of: asked once all of them are written.

    Raises:
        DiskFailed: the disk is full or may not be written; no file is left.
    """
    index = _index_of(file)
    shapes = []
    with local_file(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        if index.exists():  # else it would speak for what a killed process leaves of the new ones
            index.unlink()
        with file.open("wb") as output:
            for array in arrays:
                shapes.append(array.shape)
                output.write(np.ascontiguousarray(array, dtype).tobytes())
    with local_file(index):
        index.write_text(json.dumps({"dtype": dtype, "shapes": shapes, "made_of": made_of()}))
    return ArrayFile(file)


def _index_of(file: Path) -> Path:
    return file.with_suffix(".json")
