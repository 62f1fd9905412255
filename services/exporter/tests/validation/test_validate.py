"""The whole validation of a form: its files agree with its checkpoint, and what the forms share is computed once."""

import shutil
from pathlib import Path

import pytest
from carabin.exporter.conversion.checkpoint_gate import CheckpointFacts, inspect_checkpoint
from carabin.exporter.errors import ConversionRefused
from carabin.exporter.validation.samples import SHIPPED_SENTENCE, shipped_sample
from carabin.exporter.validation.smoke import SMOKE_FILE
from carabin.exporter.validation.validate import ConvertedForm, Validator
from carabin.registry.serving_window import WindowPolicy

TRAINED = WindowPolicy(min_frames=1000, margin_frames=400)


@pytest.fixture
def form(model: Path, pristine_checkpoint: Path, tmp_path: Path) -> ConvertedForm:
    folder = Path(shutil.copytree(model, tmp_path / "float16"))
    return ConvertedForm("float16", folder, inspect_checkpoint(pristine_checkpoint))


def test_a_form_is_compared_with_its_checkpoint_and_leaves_its_smoke_dictation(
    form: ConvertedForm, pristine_checkpoint: Path
) -> None:
    validated = Validator([shipped_sample()], "fr", pristine_checkpoint, TRAINED).validate(form, lambda: None)
    assert validated.quantization == "float16"
    assert validated.metrics == {"export_wer_increase": 0.0, "export_words": 9.0}
    assert validated.window == TRAINED
    assert validated.smoke.text == SHIPPED_SENTENCE
    assert (form.folder / SMOKE_FILE).is_file()


def test_a_folder_that_came_without_a_checkpoint_has_no_comparison(form: ConvertedForm) -> None:
    validated = Validator([shipped_sample()], "fr", None, TRAINED).validate(form, lambda: None)
    assert validated.metrics == {}
    assert validated.smoke.text == SHIPPED_SENTENCE


def test_files_that_say_another_model_than_the_checkpoint_are_refused(form: ConvertedForm) -> None:
    other = ConvertedForm(form.form, form.folder, CheckpointFacts(n_mels=128, vocabulary_size=51866, n_languages=100))
    with pytest.raises(ConversionRefused, match=r"its files say .*n_mels=80.* its checkpoint .*n_mels=128"):
        Validator([shipped_sample()], "fr", None, TRAINED).validate(other, lambda: None)


def test_a_work_that_was_stopped_ends_between_two_checks(form: ConvertedForm) -> None:
    def stopped() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        Validator([shipped_sample()], "fr", None, TRAINED).validate(form, stopped)
    assert not (form.folder / SMOKE_FILE).exists()
