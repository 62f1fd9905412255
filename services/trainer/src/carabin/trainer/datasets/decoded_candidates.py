"""Candidates with what their recordings were judged as: from an earlier build where the files are the same."""

from collections.abc import Iterator, Sequence

from .collect import CandidateDictation
from .decoding import DecodedFile, decode_file, decode_files, file_key
from .work_folder import WorkFolder


class DecodedCandidates:
    """Goes through candidates in their order; what is new is decoded, on all cores where there is enough of it."""

    def __init__(
        self, candidates: Sequence[CandidateDictation], kept: WorkFolder, *, accept_damaged: bool, processes: int | None
    ) -> None:
        self.decoded = 0
        self.known = 0
        self._candidates = candidates
        self._kept = kept
        self._accept_damaged = accept_damaged
        self._processes = processes

    def __len__(self) -> int:
        return len(self._candidates)

    def __iter__(self) -> Iterator[tuple[CandidateDictation, DecodedFile]]:
        keys = [self._key(candidate) for candidate in self._candidates]
        known = [self._kept.find(key) is not None if key else False for key in keys]
        new = [candidate.audio for candidate, its in zip(self._candidates, known, strict=True) if not its]
        decoding = decode_files(new, self._kept.sounds, accept_damaged=self._accept_damaged, processes=self._processes)
        for candidate, key, its in zip(self._candidates, keys, known, strict=True):
            found = self._kept.find(key) if key and its else None
            if found is None:
                found = self._decode_again(candidate) if its else next(decoding)
                self.decoded += 1
                if key:
                    self._kept.keep(key, found)
            else:
                self.known += 1
            yield candidate, found

    def _decode_again(self, candidate: CandidateDictation) -> DecodedFile:
        """Decode a recording whose sound was deleted since the build began; `decode_files` was not given it."""
        return decode_file(candidate.audio, self._kept.sounds, accept_damaged=self._accept_damaged)

    def _key(self, candidate: CandidateDictation) -> str | None:
        """Return the key of a candidate's file; None where there is none, which is judged anew each time."""
        try:
            return file_key(candidate.audio, accept_damaged=self._accept_damaged)
        except OSError:
            return None
