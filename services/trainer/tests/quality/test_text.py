"""Tests of reading a report whatever it was saved as, and of texts that are too long for the model or the sound."""

from pathlib import Path

import pytest
from carabin.trainer.quality.report import GateReport
from carabin.trainer.quality.text import MAX_TOKENS, count_tokens, judge_length, judge_text, read_report

CASES = Path(__file__).parents[1] / "cases"


def saved(folder: Path, data: bytes) -> Path:
    file = folder / "r.txt"
    file.write_bytes(data)
    return file


def test_rtf_and_double_encoding_become_the_sentence_that_was_dictated() -> None:
    report = GateReport()
    for name in ("rtf.txt", "mojibake.txt"):
        assert read_report(CASES / name, report) == "Le patient présente une douleur."
    assert [finding.rule for finding in report.findings] == ["text-rtf", "text-mended"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_notepad_saves_is_read(tmp_path: Path, encoding: str) -> None:
    report = GateReport()
    assert read_report(saved(tmp_path, "Pas de fièvre.\r\n".encode(encoding)), report) == "Pas de fièvre."
    assert report.findings == []


@pytest.mark.parametrize(
    ("escaped", "text"),
    [
        (rb"caf\'e9", "café"),
        (rb"caf\u233 ?", "café"),
        (rb"\trowd FE\cell 60\cell\row", "FE 60"),
        (rb"va bien \u-10179 ?\u-8704 ?", "va bien \U0001f600"),
    ],
    ids=["code page", "code point", "table", "surrogates"],
)
def test_characters_that_rtf_escapes_are_read(tmp_path: Path, escaped: bytes, text: str) -> None:
    assert read_report(saved(tmp_path, rb"  {\rtf1\ansi\ansicpg1252 " + escaped + b"}"), GateReport()) == text


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("é".encode("latin-1"), "is not UTF-8: byte 0 is 0xe9"),
        ("a\n".encode("utf-16-le").join([b"\xff\xfe", b"."]), "is not UTF-16: byte 6 is 0x2e"),
        (rb"{\rtf1\ansi\ansicpg1252 caf\'81}", "is RTF that cannot be read: export it as text"),
        (rb"{\rtf1\ansi x\u-10179 ? y}", "is RTF that cannot be read: export it as text"),
        (rb"{\rtf1\ansi x\u-999999 ?}", "is RTF that cannot be read: export it as text"),
        (rb"{\rtf1\ansi {\b Pas de \} fi", "is RTF that cannot be read: export it as text"),
        (b"{\\rtf1\\ansi caf\xe9}", "is RTF that cannot be read: export it as text"),
    ],
    ids=[
        "latin-1",
        "half of UTF-16",
        "code page",
        "half a surrogate pair",
        "no code point",
        "cut off",
        "RTF in 8 bits",
    ],
)
def test_what_cannot_be_decoded_is_refused_in_the_form_it_has(tmp_path: Path, data: bytes, reason: str) -> None:
    report = GateReport()
    assert read_report(saved(tmp_path, data), report) is None
    [finding] = report.refused
    assert finding.rule == "text-encoding"
    assert reason in finding.reason


def test_a_report_that_cannot_be_opened_is_refused_with_the_systems_reason(tmp_path: Path) -> None:
    report = GateReport()
    assert read_report(tmp_path / "missing.txt", report) is None
    assert read_report(tmp_path, report) is None
    assert [finding.rule for finding in report.refused] == ["text-missing"] * 2
    assert [finding.reason for finding in report.refused] == [
        "cannot be read: No such file or directory",
        "cannot be read: Is a directory",
    ]


def test_utf_16_without_its_mark_is_not_read_letter_by_letter(tmp_path: Path) -> None:
    report = GateReport()
    assert read_report(saved(tmp_path, "Toux.".encode("utf-16-le")), report) is None
    assert report.refused[0].reason == "holds the control character U+0000: it is no text"


def test_white_space_of_any_kind_is_one_space_and_is_no_change() -> None:
    report = GateReport()
    assert judge_text(" Pas\tde\r\n\n fièvre.\xa0 ", "r.txt", report) == "Pas de fièvre."
    assert report.findings == []


@pytest.mark.parametrize("text", ["", " \n", "...", "—"])
def test_a_text_without_words_is_refused(text: str) -> None:
    report = GateReport()
    assert judge_text(text, "r.txt", report) is None
    assert [(finding.rule, finding.reason) for finding in report.refused] == [
        ("text-empty", "is empty: it has no words")
    ]


def test_labels_are_counted_as_the_decoder_sees_them() -> None:
    assert count_tokens("Bonjour.") == 7  # four of the prompt, two of the text and the end
    assert count_tokens("<|endoftext|>") > 6, "a control token in a report is text, not one token"


def test_a_label_in_two_code_points_costs_no_more_tokens() -> None:
    composed = "Opacité hétérogène prédominante"
    decomposed = judge_text("Opacite\u0301 he\u0301te\u0301roge\u0300ne pre\u0301dominante", "r", GateReport())
    assert decomposed == composed
    assert count_tokens(decomposed) == count_tokens(composed)


@pytest.mark.parametrize(("words", "fits"), [(443, True), (444, False)])
def test_a_label_may_fill_the_decoder_and_no_more(words: int, fits: bool) -> None:
    """The prompt and the end take five of 448 places, each « a » takes one."""
    report = GateReport()
    assert judge_length(" ".join(["a"] * words), 100.0, "r.txt", report) is fits
    assert [(finding.rule, finding.reason) for finding in report.refused] == (
        [] if fits else [("text-long", f"has 449 tokens: Whisper's labels hold {MAX_TOKENS}")]
    )


@pytest.mark.parametrize(("words", "fits"), [(13, True), (14, False)])
def test_more_than_six_words_a_second_and_one_were_not_said(words: int, fits: bool) -> None:
    report = GateReport()
    assert judge_length(" ".join(["toux"] * words), 2.0, "r.txt", report) is fits
    assert [(finding.rule, finding.reason) for finding in report.refused] == (
        [] if fits else [("text-audio-mismatch", "has 14 words for 2.0 s of audio: they do not belong together")]
    )


@pytest.mark.parametrize(
    ("text", "duration_s", "noted"),
    [("Oui.", 27.0, True), ("Oui.", 4.0, False), ("Un mot deux mots trois.", 20.0, False)],
)
def test_a_text_of_far_too_few_words_is_taken_with_a_remark(text: str, duration_s: float, noted: bool) -> None:
    report = GateReport()
    assert judge_length(text, duration_s, "a.txt", report)
    reasons = [finding.reason for finding in report.findings if finding.action == "noted"]
    assert reasons == (["has 1 word for 27.0 s of audio: is it all that was said?"] if noted else [])
