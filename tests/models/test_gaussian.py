import jax
import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.metrics import class_histogram, feature_moments, frechet_distance_of_moments, modes
from imaging_jax.models.generative.gaussian import (
    GaussianModel,
    fit_gaussian,
    fit_gaussian_per_class,
)
from tests.mnist_judge import digits, judge, judged_digits

IMAGES = np.random.default_rng(0).random((60, 4, 3, 2)) ** 2


@pytest.mark.parametrize("count", [60, 10])
def test_fit_is_the_eigendecomposition_of_the_covariance(x64, count):
    images = IMAGES[:count]
    model = fit_gaussian(images)
    assert model.mean.shape == (4, 3, 2)
    np.testing.assert_allclose(model.mean, images.mean(axis=0))
    covariance = np.cov(images.reshape(count, -1), rowvar=False, bias=True)
    vectors = np.asarray(model.eigenvectors)
    np.testing.assert_allclose((vectors * model.eigenvalues) @ vectors.T, covariance, atol=1e-12)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(min(count, 24)), atol=1e-10)
    assert (np.diff(model.eigenvalues) <= 0).all()


def test_samples_have_the_mean_and_the_covariance():
    model = fit_gaussian(IMAGES.astype(np.float32))
    samples = np.asarray(model.sample(jax.random.key(0), 40_000))
    np.testing.assert_allclose(samples.mean(axis=0), model.mean, atol=0.01)
    found = np.cov(samples.reshape(len(samples), -1), rowvar=False)
    wanted = np.cov(IMAGES.reshape(60, -1), rowvar=False, bias=True)
    np.testing.assert_allclose(found, wanted, atol=0.005)


def test_encode_decode_and_truncate(x64):
    model = fit_gaussian(IMAGES)
    np.testing.assert_allclose(model.reconstruct(IMAGES), IMAGES, atol=1e-12)
    np.testing.assert_allclose(model.reconstruct(IMAGES[0]), IMAGES[0], atol=1e-12)
    coefficients = model.encode(IMAGES)
    np.testing.assert_allclose(coefficients.var(axis=0), model.eigenvalues, atol=1e-12)
    small = model.truncate(5)
    np.testing.assert_allclose(small.encode(IMAGES), coefficients[:, :5], atol=1e-12)
    error = np.sum((small.reconstruct(IMAGES) - IMAGES) ** 2) / len(IMAGES)
    assert error == pytest.approx(float(model.eigenvalues[5:].sum()), rel=1e-10)
    np.testing.assert_array_equal(fit_gaussian(IMAGES, 5).eigenvalues, small.eigenvalues)


def test_components_for_a_share():
    model = GaussianModel(jnp.zeros((1, 4, 1)), jnp.eye(4), jnp.array([5.0, 3.0, 1.0, 1.0]))
    shares = jnp.array([0.0, 0.5, 0.51, 0.8, 0.85, 0.95, 1.0])
    np.testing.assert_array_equal(model.components_for(shares), [1, 1, 2, 2, 3, 4, 4])


def test_per_class(x64):
    labels = np.arange(60) % 3
    per_class = fit_gaussian_per_class(IMAGES, labels, 3)
    wanted = np.array([0, 2] * 20_000)
    samples = np.asarray(jax.jit(per_class.sample)(jax.random.key(0), jnp.asarray(wanted)))
    for label in (0, 2):
        own, of_class = samples[wanted == label], IMAGES[labels == label]
        np.testing.assert_allclose(own.mean(axis=0), of_class.mean(axis=0), atol=0.02)
        found = np.cov(own.reshape(len(own), -1), rowvar=False)
        expected = np.cov(of_class.reshape(20, -1), rowvar=False, bias=True)
        np.testing.assert_allclose(found, expected, atol=0.01)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fit_gaussian(IMAGES[0]), r"images: expected shape \(N, H, W, C\)"),
        (lambda: fit_gaussian(IMAGES, 25), "components: expected 1 to 24, got 25"),
        (lambda: fit_gaussian(IMAGES).truncate(0), "components: expected 1 to 24, got 0"),
        (lambda: fit_gaussian(IMAGES).encode(IMAGES[:, 1:]), r"images: expected \(..., 4, 3, 2\)"),
        (lambda: fit_gaussian(IMAGES, 2).decode(np.ones(3)), r"coefficients: expected \(..., 2\)"),
        (
            lambda: fit_gaussian_per_class(IMAGES, np.arange(60) % 2, 3),
            r"labels: expected all of 0 to 2, got counts \[30, 30, 0\]",
        ),
        (
            lambda: fit_gaussian_per_class(IMAGES, np.arange(9), 9),
            "labels: expected one for each of",
        ),
        (lambda: fit_gaussian_per_class(IMAGES, np.ones(60), 2), "labels: expected integers"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.fixture(scope="module")
def model(imaging_data):
    return fit_gaussian(digits(imaging_data, "train")[0])


# Measured in numpy on the 60,000 training digits.


def test_eigenvalues_of_digits(model):
    assert float(model.eigenvalues.sum()) == pytest.approx(52.7250, abs=1e-3)
    first = [5.1168, 3.7413, 3.2527, 2.8416, 2.5671, 2.2736, 1.7251, 1.5205, 1.4563, 1.2427]
    np.testing.assert_allclose(model.eigenvalues[:10], first, atol=1e-4)
    shares = jnp.array([0.5, 0.8, 0.9, 0.95, 0.99, 0.999])
    np.testing.assert_array_equal(model.components_for(shares), [11, 44, 87, 154, 331, 486])


@pytest.mark.parametrize(
    ("components", "mse", "decibel"),
    [
        (10, 0.034074, 14.68),
        (32, None, 17.74),
        (50, 0.011485, 19.40),
        (87, 0.006560, 21.83),
        (154, 0.003302, 24.81),
        (331, 0.000661, 31.80),
    ],
)
def test_reconstruction_of_digits(imaging_data, model, components, mse, decibel):
    images, _ = digits(imaging_data, "test")
    found = np.mean((np.asarray(model.truncate(components).reconstruct(images)) - images) ** 2)
    if mse is not None:
        assert found == pytest.approx(mse, abs=6e-7)
    assert -10 * np.log10(found) == pytest.approx(decibel, abs=0.0051)


def test_generated_digits_leave_the_range(model):
    samples = np.asarray(model.sample(jax.random.key(0), 4000))
    assert np.mean((samples < 0) | (samples > 1)) == pytest.approx(0.38, abs=0.01)


@pytest.mark.slow
def test_scores_of_generated_digits(imaging_data, model):
    reference = feature_moments(judged_digits(imaging_data, "train")[0])

    def score(samples):
        features, probabilities = judge(imaging_data, np.asarray(samples))
        distance = frechet_distance_of_moments(feature_moments(features), reference)
        histogram = class_histogram(probabilities.argmax(axis=-1), 10)
        return float(distance), int(modes(histogram)), probabilities

    key = jax.random.key(0)
    distance, found, _ = score(model.truncate(87).sample(key, 10_000))
    assert distance == pytest.approx(235.9, abs=5)
    assert found == 9
    assert score(model.truncate(10).sample(key, 10_000))[0] == pytest.approx(319.0, abs=5)
    clipped = jnp.clip(model.sample(key, 10_000), 0, 1)
    assert score(clipped)[0] == pytest.approx(367.1, abs=5)
    per_class = fit_gaussian_per_class(*digits(imaging_data, "train"), 10)
    wanted = np.arange(10_000) % 10
    samples = jnp.clip(per_class.sample(key, jnp.asarray(wanted)), 0, 1)
    distance, found, probabilities = score(samples)
    assert distance == pytest.approx(87.7, abs=3)
    assert (probabilities.argmax(axis=-1) == wanted).mean() == pytest.approx(0.964, abs=0.006)
