import inspect

import numpy as np
import pytest
from PIL import Image

from imaging_jax import operators, solvers
from imaging_jax.operators import LinearOperator
from tools import operators_page

EXPORTED = [*vars(operators).items(), *vars(solvers).items()]
CLASSES = sorted(
    {
        name
        for name, thing in EXPORTED
        if inspect.isclass(thing) and issubclass(thing, LinearOperator) and thing != LinearOperator
    }
)


@pytest.fixture(scope="module")
def page():
    return operators_page.rendered()


def row(page, name):
    (found,) = [line for line in page.splitlines() if line.startswith(f"| **`{name}`**")]
    return found


def test_the_page_in_the_documentation_is_the_one_the_docstrings_give(page):
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


def test_an_operator_without_an_example_is_named(monkeypatch):
    monkeypatch.delitem(operators_page.EXAMPLES, "Radon")
    with pytest.raises(ValueError, match=r"EXAMPLES of operators_page\.py has no Radon"):
        operators_page.rendered()


def test_a_row_tells_formula_adjoint_and_proximal_step(page):
    blur, radon = row(page, "Blur"), row(page, "Radon")
    assert "| `y[i] = sum_k kernel[k] x[i + c - k]` | by JAX | closed form in the Fourier" in blur
    assert "`sum_s x(row, column)`" in radon
    assert "| by hand | conjugate gradients |" in radon


def test_every_solver_and_every_noise_has_a_row(page):
    solving = [n for n, f in EXPORTED if inspect.isfunction(f) and "Result" in inspect.getsource(f)]
    noises = [
        name for name in operators.__all__ if name.endswith("_noise") and "fractal" not in name
    ]
    assert len(solving) > 10
    assert len(noises) > 10
    for name in {*solving, *noises, "wiener", "tikhonov", "lrmr", "tv_proximal", "project_box"}:
        assert f"\n| `{name}` |" in page, name


def test_the_adjoint_of_the_orthonormal_fourier_transform_draws_the_image_again():
    drawn = operators_page.picture(operators_page.EXAMPLES["Fourier"]())
    assert drawn.shape == (96, 3 * 96 + 2 * 4, 3)
    first, last = drawn[:, :96].astype(int), drawn[:, -96:].astype(int)
    assert first.std() > 30
    np.testing.assert_allclose(last, first, atol=1)
