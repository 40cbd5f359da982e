import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import ndimage
from scipy.interpolate import CubicHermiteSpline
from scipy.spatial.distance import cdist

from imaging_jax.synthesis import digit, digits
from imaging_jax.synthesis._digit_strokes import _STEPS, _catmull_rom, strokes
from imaging_jax.synthesis._digits import _drawn
from tests.metrics.helpers import jit
from tests.mnist_judge import judge

draw = jit(digits, static_argnums=(1, 2))


@pytest.fixture(scope="module")
def drawn():
    images, labels = draw(jax.random.key(0), 2000, (28, 28))
    return np.asarray(images), np.asarray(labels)


def test_format(drawn):
    images, labels = drawn
    assert (images.shape, images.dtype) == ((2000, 28, 28, 1), np.float32)
    assert (labels.shape, labels.dtype) == ((2000,), np.int32)
    assert images.min() == 0
    assert images.max() == 1
    assert 140 < np.bincount(labels, minlength=10).min() < np.bincount(labels).max() < 260


def test_the_judge_of_mnist_names_them(imaging_data, drawn):
    images, labels = drawn
    _, probabilities = judge(imaging_data, images)
    right = probabilities.argmax(axis=-1) == labels
    assert right.mean() >= 0.95
    assert min(right[labels == digit].mean() for digit in range(10)) >= 0.8


def test_statistics_are_near_those_of_mnist(drawn):
    # Of the training digits: mean 0.131, deviation over images 0.192, centre of mass (14, 14).
    images, _ = drawn
    assert images.mean() == pytest.approx(0.131, abs=0.015)
    assert images.std(axis=0).mean() == pytest.approx(0.192, abs=0.03)
    centres = np.array([ndimage.center_of_mass(image[..., 0]) for image in images[:300]]) + 0.5
    np.testing.assert_allclose(centres.mean(axis=0), 14, atol=0.2)
    assert (centres.std(axis=0) < 1).all()
    border = np.ones((28, 28, 1), bool)
    border[1:-1, 1:-1] = False
    assert images[:, border[..., 0]].mean() < 0.002


def test_no_two_are_alike(drawn):
    images, labels = drawn
    ones = images[labels == 1].reshape(-1, 784)
    distances = cdist(ones, ones) + 1e3 * np.eye(len(ones))
    assert distances.min() > 0.1


def test_a_digit_is_a_function_of_key_and_label():
    keys, labels = jax.random.split(jax.random.key(1), 20), jnp.arange(20) % 10
    batch = jit(jax.vmap(digit))(keys, labels)
    single = jit(digit)
    for i in (0, 7, 13):
        np.testing.assert_allclose(single(keys[i], labels[i]), batch[i], atol=1e-4)
    assert np.abs(np.asarray(batch[3] - batch[13])).max() > 0.5


def test_larger_pictures_show_the_same_digit_finer():
    keys, labels = jax.random.split(jax.random.key(2), 10), jnp.arange(10)

    def at(*shape):
        one = lambda key, label: digit(key, label, shape)  # noqa: E731
        return np.asarray(jit(jax.vmap(one))(keys, labels))

    small, large, wide = at(28, 28), at(112, 112), at(28, 40)
    means = large.reshape(10, 28, 4, 28, 4, 1).mean(axis=(2, 4))
    assert np.abs(means - small).mean() < 0.01
    np.testing.assert_allclose(wide[:, :, 6:34], small, atol=1e-4)


def test_the_pen_draws_all_within_its_radius():
    rng = np.random.default_rng(0)
    starts, ends = rng.uniform(-8, 8, (2, 5, 2)).astype(np.float32)
    ends[4] = starts[4]  # a dot
    image = np.asarray(_drawn(jnp.asarray(starts), jnp.asarray(ends), 1.5, (28, 28)))[..., 0]
    t = np.linspace(0, 1, 400)[:, None, None]
    y, x = np.mgrid[:28, :28] - 13.5
    line = (starts + t * (ends - starts)).reshape(-1, 2)
    distance = cdist(np.stack([x.ravel(), y.ravel()], -1), line).min(axis=1).reshape(28, 28)
    assert (image[distance < 0.8] == 1).all()
    assert (image[distance > 2.2] == 0).all()
    np.testing.assert_allclose(image[np.abs(distance - 1.5) < 0.03], 0.5, atol=0.05)


def test_curves_are_catmull_rom():
    points = np.random.default_rng(0).random((6, 2))
    padded = np.concatenate([[2 * points[0] - points[1]], points, [2 * points[-1] - points[-2]]])
    spline = CubicHermiteSpline(np.arange(6), points, (padded[2:] - padded[:-2]) / 2)
    np.testing.assert_allclose(_catmull_rom(points), spline(np.arange(5 * _STEPS + 1) / _STEPS))


def test_constants_keep_points_where_they_are():
    # Weights sum to 1, so a moved digit is the digit moved; those of its own points only.
    constants = strokes()
    for label, count in enumerate(constants.ways):
        np.testing.assert_allclose(constants.weights[label, :count].sum(axis=-1), 1, atol=1e-6)


def test_a_label_beyond_nine_is_clipped():
    key, single = jax.random.key(0), jit(digit)
    np.testing.assert_array_equal(single(key, 12), single(key, 9))


def test_rejects_at_trace_time():
    with pytest.raises(ValueError, match=r"shape must have at least 1 pixel a side, got \(0, 28\)"):
        jax.eval_shape(lambda key: digits(key, 3, (0, 28)), jax.random.key(0))
