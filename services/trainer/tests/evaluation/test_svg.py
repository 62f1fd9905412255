"""Where the points of a learning curve are drawn: 640 by 240 with margins of 44, computed by hand."""

import re

from carabin.trainer.evaluation.svg import COLOURS, Curve, svg


def polylines(drawing: str) -> list[str]:
    return re.findall(r'<polyline points="([^"]*)"', drawing)


def test_curves_of_one_point_or_none_are_drawn_without_error() -> None:
    assert svg(Curve("vide")) == ""
    assert "<circle" in svg(Curve("un", {"train": [(5, 2.0)]}))


def test_a_line_fills_the_frame_from_its_first_step_to_its_last_and_from_zero_up() -> None:
    drawing = svg(Curve("Perte", {"a": [(100, 4.0), (150, 1.0), (200, 2.0)]}))
    # x from 44 to 596; y from 196 for zero to 44 for the largest, four.
    assert polylines(drawing) == ["44.0,44.0 320.0,158.0 596.0,120.0"]
    assert drawing.count("<circle") == 3
    assert re.findall(r">([\d.]+)</text>", drawing) == ["100", "200", "0", "4"]


def test_values_below_zero_move_the_lower_edge() -> None:
    drawing = svg(Curve("log", {"a": [(0, -1.0), (10, 1.0)]}))
    assert polylines(drawing) == ["44.0,196.0 596.0,44.0"]
    assert ">-1</text>" in drawing


def test_one_point_stands_at_the_left_and_a_line_of_zeros_at_the_bottom() -> None:
    assert polylines(svg(Curve("un", {"a": [(5, 2.0)]}))) == ["44.0,44.0"]
    assert polylines(svg(Curve("rien", {"a": [(0, 0.0), (1, 0.0)]}))) == ["44.0,196.0 596.0,196.0"]


def test_lines_share_the_scale_and_more_of_them_than_colours_begin_again() -> None:
    lines = {f"ligne {number}": [(0, float(number)), (8, 4.0)] for number in range(len(COLOURS) + 1)}
    drawing = svg(Curve("toutes", lines))
    assert [points.split(",")[1].split()[0] for points in polylines(drawing)] == [
        "196.0",
        "158.0",
        "120.0",
        "82.0",
        "44.0",
    ]
    strokes = re.findall(r'<polyline [^>]*stroke="([^"]*)"', drawing)
    assert strokes == [*COLOURS, COLOURS[0]]


def test_names_cannot_become_markup() -> None:
    drawing = svg(Curve('Perte "<b>"', {"<script>": [(0, 1.0)]}))
    assert 'aria-label="Perte &quot;&lt;b&gt;&quot;"' in drawing
    assert "&lt;script&gt;</text>" in drawing
    assert "<script>" not in drawing
