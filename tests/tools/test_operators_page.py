import inspect

import jax
import numpy as np
import pytest
from PIL import Image

from imaging_jax import operators, solvers
from imaging_jax.operators import LinearOperator
from tools import operator_rows, operators_page

EXPORTED = [getattr(package, name) for package in (operators, solvers) for name in package.__all__]
CLASSES = sorted(
    thing.__name__
    for thing in EXPORTED
    if inspect.isclass(thing) and issubclass(thing, LinearOperator) and thing != LinearOperator
)
ROWS = {row.operator.__name__: row for row in operator_rows.OPERATORS}


@pytest.fixture(scope="module")
def page():
    return operators_page.rendered()


def row(page, name):
    (found,) = [line for line in page.splitlines() if line.startswith(f"| **`{name}`**")]
    return found


def test_the_page_in_the_documentation_is_the_one_the_rows_give(page):
    assert operators_page.PAGE.read_text() == page


@pytest.mark.parametrize("name", CLASSES)
def test_every_operator_has_a_row_and_a_picture(name, page):
    assert f'src="operators/{name}.png"' in row(page, name)
    with Image.open(operators_page.PAGE.parent / "operators" / f"{name}.png") as drawn:
        assert drawn.height == 96


def test_the_pictures_are_those_of_the_operators_and_small():
    files = list(operators_page.PICTURES.iterdir())
    assert sorted(file.name for file in files) == sorted(f"{name}.png" for name in CLASSES)
    assert sum(file.stat().st_size for file in files) < 400_000


def test_a_row_tells_formula_adjoint_and_proximal_step(page):
    blur, radon = row(page, "Blur"), row(page, "Radon")
    assert "| `y[i] = sum_k kernel[k] x[i + c - k]` | by JAX | closed form in the Fourier" in blur
    assert "`sum_s x(row, column)`" in radon
    assert "| by hand | conjugate gradients |" in radon


def test_the_rows_are_those_of_the_public_operators_in_order():
    assert [row.operator.__name__ for row in operator_rows.OPERATORS] == CLASSES


def test_every_noise_has_a_row():
    # It draws clouds and adds nothing to an image.
    wanted = {name for name in operators.__all__ if name.endswith("_noise")} - {"fractal_noise"}
    assert len(wanted) > 10
    assert {function.__name__ for function in operator_rows.NOISES} == wanted


def test_every_function_of_the_solvers_has_a_row():
    rows = [*operator_rows.SOLVERS, *operator_rows.PROXIMAL_MAPS]
    functions = {name for name in solvers.__all__ if inspect.isfunction(getattr(solvers, name))}
    # None of these finds an image: a schedule, values, and what phase retrieval is composed of.
    rules = {"averaged_reflections", "difference_map", "error_reduction", "hybrid_input_output"}
    parts = {"align", "intensities", "largest_sixth", "on_support"}
    parts |= {"register_frames", "registration_shift"}
    wanted = functions - {"dpir_schedule", "style_objective", "total_variation"} - rules - parts
    assert sorted(function.__name__ for function in rows) == sorted(wanted)
    for function in operator_rows.PROXIMAL_MAPS:
        assert list(inspect.signature(function).parameters)[:2] == ["x", "step"]


@pytest.mark.parametrize("name", CLASSES)
def test_adjoint_proximal_step_and_functions_are_as_the_row_says(name):
    row = ROWS[name]
    example = jax.eval_shape(row.example)
    assert type(example) is row.operator
    assert (example.proximal is None) == (row.proximal == "conjugate gradients")
    x = jax.ShapeDtypeStruct(example.in_shape, example.in_dtype)
    program = str(jax.make_jaxpr(row.operator.forward)(example, x))
    assert ("hand_transposed" in program) == row.by_hand
    called = row.operator.forward.__code__.co_names
    assert {function.__name__ for function in row.functions} <= set(called)


def test_the_adjoint_of_the_orthonormal_fourier_transform_draws_the_image_again():
    drawn = operators_page.picture(ROWS["Fourier"].example())
    assert drawn.shape == (96, 3 * 96 + 2 * 4, 3)
    first, last = drawn[:, :96].astype(int), drawn[:, -96:].astype(int)
    assert first.std() > 30
    np.testing.assert_allclose(last, first, atol=1)
