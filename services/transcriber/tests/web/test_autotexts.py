"""Auto-texts are plain files, one folder a service, with variables."""

from pathlib import Path

import pytest
from carabin.transcriber.settings.web import EXAMPLES
from carabin.transcriber.web.autotexts import AutoText, AutoTextInvalid, AutoTextVariable, load_autotexts


def write(folder: Path, name: str, text: str | bytes) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def test_file_name_is_what_is_said_and_its_folder_is_the_service(tmp_path: Path) -> None:
    write(tmp_path, "cardiologie/Écho_normale.txt", "Péricarde sec.\n")
    texts = load_autotexts(tmp_path)
    assert texts == {"écho normale": AutoText("écho normale", "cardiologie", "Péricarde sec.")}
    assert texts["écho normale"].label == "cardiologie : écho normale"


def test_variables_take_values_then_defaults_then_show_their_name() -> None:
    text = AutoText("x", "", "Genou {côté=droit}, {date}, {côté=droit}.")
    assert text.variables == (AutoTextVariable("côté", "droit"), AutoTextVariable("date", ""))
    assert text.filled() == "Genou droit, [date], droit."
    assert text.filled({"côté": "gauche", "date": "12 mars"}) == "Genou gauche, 12 mars, gauche."


def test_service_sees_its_own_and_the_common_texts(tmp_path: Path) -> None:
    write(tmp_path, "signature.txt", "commune")
    write(tmp_path, "radiologie/signature.txt", "radiologue")
    write(tmp_path, "urgences/sortie.txt", "sortie")
    assert load_autotexts(tmp_path, ["radiologie"])["signature"].text == "radiologue"
    assert set(load_autotexts(tmp_path, ["urgences"])) == {"signature", "sortie"}


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"a.txt": b"\xff\xfe"}, "not UTF-8"),
        ({"a.txt": " \n"}, "is empty"),
        ({"a.txt": "x" * 70_000}, "at most"),
        ({"a/x.txt": "1", "b/x.txt": "2"}, "rename one"),
    ],
)
def test_unusable_file_is_refused_by_its_name(tmp_path: Path, files: dict[str, str | bytes], reason: str) -> None:
    for name, text in files.items():
        write(tmp_path, name, text)
    with pytest.raises(AutoTextInvalid, match=reason) as refusal:
        load_autotexts(tmp_path)
    assert str(tmp_path) in str(refusal.value)


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(AutoTextInvalid, match="does not exist"):
        load_autotexts(tmp_path / "nowhere")


def test_shipped_examples_load() -> None:
    assert "signature" in load_autotexts(EXAMPLES)
