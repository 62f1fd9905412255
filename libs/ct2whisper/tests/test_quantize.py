"""Rounding is to the nearest, ties to even; a row's own scale fits its greatest value; nothing becomes infinite."""

import numpy as np
import pytest
import torch
from carabin.ct2whisper.quantize import Overflow, cast, int16_scale, stored_type, to_floats, to_int8, to_int16


@pytest.mark.parametrize("target", ["float16", "bfloat16"])
def test_floats_are_rounded_as_torch_rounds_them(target: str) -> None:
    values = torch.randn(64, 64, generator=torch.Generator().manual_seed(7))
    values[0, :4] = torch.tensor([0.0, -0.0, 1e-7, 65504.0])
    expected = values.to(getattr(torch, target)).to(torch.float32).numpy()
    np.testing.assert_array_equal(to_floats(cast(values.numpy(), "float32", target), target), expected)


def test_a_value_beyond_float16_is_an_overflow_and_fits_bfloat16() -> None:
    beyond = np.array([[70_000.0]], np.float32)
    with pytest.raises(Overflow, match="65504"):
        cast(beyond, "float32", "float16")
    assert to_floats(cast(beyond, "float32", "bfloat16"), "bfloat16")[0, 0] == pytest.approx(70_000, rel=0.01)


def test_each_row_of_int8_has_a_scale_of_its_own_and_a_row_of_zeros_a_finite_one() -> None:
    rows = np.array([[0.5, -1.0], [100.0, 50.0], [0.0, 0.0], [1e-39, 0.0]], np.float32)
    stored, scale = to_int8(rows)
    assert np.isfinite(scale).all()
    assert np.abs(stored[:3]).max(axis=1).tolist() == [127, 127, 0]
    np.testing.assert_allclose(stored / scale[:, None], rows, atol=100 / 127)


def test_int16_uses_ten_bits_of_one_scale() -> None:
    values = np.array([[0.5, -2.0, 1.0]], np.float32)
    assert to_int16(values, int16_scale(np.float32(2))).tolist() == [[256, -1024, 512]]


@pytest.mark.parametrize(
    ("form", "trained", "weight", "rest"),
    [
        ("int8", "float16", "int8", "float16"),
        ("int8_float16", "float32", "int8", "float16"),
        ("int16", "float16", "int16", "float32"),
        ("bfloat16", "float32", "bfloat16", "bfloat16"),
    ],
)
def test_a_form_names_the_type_of_weights_and_of_the_rest(form: str, trained: str, weight: str, rest: str) -> None:
    assert stored_type(form, trained, quantizable=True) == weight
    assert stored_type(form, trained, quantizable=False) == rest
