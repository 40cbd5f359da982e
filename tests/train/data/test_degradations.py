"""Named degradations: what they measure, what networks are given, and how it is undone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.ndimage
from skimage.metrics import peak_signal_noise_ratio

from imaging_jax.models.restoration import UnrolledHQS
from train.data import degradations
from train.data.data_sets import data_set
from train.scoring.evaluation import evaluate
from train.scoring.protocols import PROTOCOLS
from train.systems.catalogue import system
from train.tasks import SuperResolution

IMAGE = np.random.default_rng(0).random((2, 24, 24, 1), np.float32)
OPTIMIZER = {"name": "adam", "schedule": {"name": "constant", "peak": 1e-3}}


def degraded(preset):
    return degradations.degrade(jax.random.key(0), IMAGE, preset, 1)


def test_the_motion_is_diagonal_and_periodic():
    y = degraded("motion_15")
    kernel = np.eye(15) / 15
    for image, found in zip(IMAGE, y, strict=True):
        blurred = scipy.ndimage.convolve(image[..., 0], kernel, mode="wrap")
        assert np.std(found[..., 0] - blurred) == pytest.approx(0.01, rel=0.1)


def test_half_of_the_pixels_are_lost():
    y = np.asarray(degraded("inpainting_50"))
    assert np.mean(y == 0) == pytest.approx(0.5, abs=0.06)
    assert np.std((y - IMAGE)[y != 0]) == pytest.approx(0.01, rel=0.15)


def test_lost_pixels_start_as_the_mean_of_those_around():
    y = np.array(degraded("inpainting_50"))
    given = np.asarray(degradations.estimate("inpainting_50", y))
    np.testing.assert_array_equal(given[y != 0], y[y != 0])
    weights = np.exp(-(np.arange(-4, 5) ** 2) / 2)
    for image, found in zip(y, given, strict=True):
        padded = np.pad(image[..., 0], 4, mode="symmetric")
        row, column = np.argwhere(image[..., 0] == 0)[7]
        window = padded[row : row + 9, column : column + 9]
        kernel = np.outer(weights, weights) * (window != 0)
        assert found[row, column, 0] == pytest.approx(np.sum(kernel * window) / kernel.sum(), 1e-4)


def test_tomography_sees_the_inscribed_disc():
    reference = degradations.reference("ct_40", IMAGE)
    rows, columns = np.mgrid[:24, :24] - 12
    inside = rows**2 + columns**2 <= 144
    np.testing.assert_array_equal(reference[..., 0], IMAGE[..., 0] * inside)
    y = degradations.degrade(jax.random.key(0), reference, "ct_40", 1)
    assert y.shape == (2, 24, 40, 1)
    # 40 views are enough for 24 pixels.
    hill = np.exp(-(rows**2 + columns**2) / 32)[None, ..., None].astype(np.float32)
    y = degradations.degrade(jax.random.key(0), hill, "ct_40", 1)
    given = np.asarray(degradations.estimate("ct_40", y))
    assert peak_signal_noise_ratio(hill, given, data_range=1) > 35


@pytest.mark.parametrize("preset", ["motion_15", "inpainting_50"])
def test_the_data_step_minimises_with_the_operator_of_each_image(preset, x64):
    y = jnp.asarray(degraded(preset), jnp.float64)
    z, rho = jnp.asarray(IMAGE, jnp.float64), 0.3
    x = degradations.data_step(preset, y)(z, rho)
    for i in range(2):
        A = degradations.linear_operator(preset, y[i])
        gradient = A.H(A(x[i]) - y[i]) + rho * (x[i] - z[i])
        assert np.abs(gradient).max() < 1e-7


def test_an_unrolled_network_of_zeros_is_steps_towards_the_data():
    network = UnrolledHQS(stages=2, depth=2, features=4, rho=0.01)
    y = degraded("inpainting_50")
    step = degradations.data_step("inpainting_50", y)
    variables = network.init(jax.random.key(0), y, step)
    silent = jax.tree.map(lambda leaf: leaf if leaf.ndim == 0 else 0 * leaf, variables)
    x = np.asarray(network.apply(silent, y, step))
    # Where a pixel was seen both terms want y, elsewhere the estimate's 0 stays.
    np.testing.assert_allclose(x, y, atol=1e-6)
    assert {name for name in variables["params"] if name.startswith("log_rho")} == {"log_rho1"}


def test_an_unrolled_network_has_the_parameters_of_its_layers():
    y = jax.ShapeDtypeStruct((1, 8, 8, 1), jnp.float32)
    shapes = jax.eval_shape(
        lambda key, y: UnrolledHQS().init(key, y, lambda z, rho: z), jax.random.key(0), y
    )
    layers = (9 * 4 + 1) * 32 + 2 * (9 * 32 + 1) * 32 + (9 * 32 + 1) * 4
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes)) == 5 * layers + 4 == 104_184


def test_an_unrolled_network_wants_an_operator():
    with pytest.raises(ValueError, match=r"task\.degradation='jpeg_20' .* linear operator"):
        SuperResolution(UnrolledHQS(), OPTIMIZER, 4, (1,), "y", "jpeg_20")


def test_a_prior_improves_on_what_networks_are_given():
    images = data_set("dead_leaves").part("one", [0])
    protocol = PROTOCOLS["motion_15"]
    given, tv = (
        evaluate(system(name), images, protocol, 1).values["psnr"]
        for name in ("given:motion_15", "fista_tv:motion_15:0.001")
    )
    assert tv > given + 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("given:motion", "given='motion' is unknown; did you mean 'motion_15'"),
        ("fista_tv:motion_15:much", "fista_tv:motion_15:much: wanted a positive weight"),
        ("fista_tv:motion_15", "wanted a positive weight"),
        ("fista_wavelet:jpeg_20:0.1", "jpeg_20 has no linear operator"),
    ],
)
def test_a_misspelt_solver_is_named(name, message):
    with pytest.raises(ValueError, match=message):
        system(name)


def test_a_solver_is_not_scored_on_another_degradation():
    solver, images = system("fista_tv:motion_15:0.001"), data_set("dead_leaves")
    PROTOCOLS["motion_15"].check(solver, images, 1)
    assert solver.origin.settings["iterations"] == 200
    with pytest.raises(ValueError, match=r"undoes motion_15; the protocol inpainting_50 measures"):
        PROTOCOLS["inpainting_50"].check(solver, images, 1)


def test_an_unrolled_network_takes_odd_sizes():
    y = jnp.asarray(IMAGE[:1, :9, :7])
    network = UnrolledHQS(stages=2, depth=2, features=4)
    variables = network.init(jax.random.key(0), y, lambda z, rho: z)
    assert network.apply(variables, y, lambda z, rho: z).shape == y.shape


def test_of_few_views_what_many_show_is_wanted():
    rows, columns = np.mgrid[:24, :24] - 12
    hill = np.exp(-(rows**2 + columns**2) / 18)[None, ..., None].astype(np.float32)
    reference = degradations.reference("ct_9_of_180", hill)
    target = np.asarray(degradations.target("ct_9_of_180", reference))
    # 180 views are more than 24 pixels need; the object itself isn't compared with.
    assert peak_signal_noise_ratio(reference, target, data_range=1) > 35
    assert not np.array_equal(target, reference)
    y = degradations.degrade(jax.random.key(0), reference, "ct_9_of_180", 1)
    assert y.shape == (1, 24, 9, 1)
    np.testing.assert_array_equal(degradations.target("ct_40", reference), reference)
