"""LPIPS against the published linear layers and an implementation in numpy and scipy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.signal import correlate2d

from imaging_jax.metrics import LPIPS_NETWORKS, lpips, lpips_weights
from imaging_jax.pretrained import read
from tests.metrics.helpers import check_gradient, jit

# The sums of the published layers' weights.
CHECKSUMS = {
    "alex": [2.349532, 16.143026, 39.268440, 27.197178, 20.317177],
    "vgg": [6.925992, 8.858334, 17.515005, 51.521324, 47.034855],
    "squeeze": [5.690101, 1.185280, 16.326565, 71.012627, 37.370724, 24.262873, 17.590553],
}
IMAGENET_MEAN, IMAGENET_DEVIATION = np.array([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])


def kernels():
    rng = np.random.default_rng(1)
    return rng.standard_normal((3, 3, 3, 4)), rng.standard_normal((3, 3, 4, 6))


def features(x):
    """Two convolutions with a ReLU after each and a decimation between."""
    activations = []
    for kernel in kernels():
        x = x[..., ::2, ::2, :] if activations else x
        x = jax.lax.conv_general_dilated(
            x, kernel.astype(x.dtype), (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        x = jax.nn.relu(x)
        activations.append(x)
    return activations


def scipy_features(x):
    activations = []
    for kernel in kernels():
        x = x[::2, ::2] if activations else x
        channels = [
            sum(
                correlate2d(x[..., i], kernel[..., i, o], mode="valid")
                for i in range(kernel.shape[2])
            )
            for o in range(kernel.shape[3])
        ]
        x = np.maximum(np.stack(channels, axis=-1), 0)
        activations.append(x)
    return activations


def numpy_lpips(reference, estimate, weights):
    x, y = (
        scipy_features((image - IMAGENET_MEAN) / IMAGENET_DEVIATION)
        for image in (reference, estimate)
    )
    total = 0.0
    for a, b, w in zip(x, y, weights, strict=True):
        for p, q in zip(a.reshape(-1, len(w)), b.reshape(-1, len(w)), strict=True):
            p, q = p / (np.linalg.norm(p) + 1e-10), q / (np.linalg.norm(q) + 1e-10)
            total += w @ (p - q) ** 2 / (a.shape[0] * a.shape[1])
    return total


def example(dtype=np.float64):
    rng = np.random.default_rng(0)
    references, estimates = rng.random((2, 2, 12, 14, 3)).astype(dtype)
    return references, estimates, [rng.random(4).astype(dtype), rng.random(6).astype(dtype)]


@pytest.mark.parametrize("network", LPIPS_NETWORKS)
def test_published_linear_layers(network, imaging_data):
    arrays = read(imaging_data / "weights" / f"lpips_v0.1_lin_{network}.npz")
    weights = lpips_weights(arrays, network)
    assert tuple(map(len, weights)) == LPIPS_NETWORKS[network].channels
    assert len(LPIPS_NETWORKS[network].cuts) == len(weights)
    sums = [np.sum(layer, dtype=np.float64) for layer in weights]
    np.testing.assert_allclose(sums, CHECKSUMS[network], atol=1e-6)
    assert min(map(np.min, weights)) >= 0


def test_published_linear_layers_of_another_network(imaging_data):
    arrays = read(imaging_data / "weights" / "lpips_v0.1_lin_alex.npz")
    with pytest.raises(ValueError, match="arrays: expected those of vgg"):
        lpips_weights(arrays, "vgg")
    with pytest.raises(ValueError, match="network: expected one of alex, vgg, squeeze"):
        lpips_weights(arrays, "resnet")


def test_against_numpy(x64):
    references, estimates, weights = example()
    got = jit(lambda x, y: lpips(x, y, features, weights))(references, estimates)
    expected = [numpy_lpips(*pair, weights) for pair in zip(references, estimates, strict=True)]
    # The published shift and scale of [-1, 1] are ImageNet's to the three digits they have.
    np.testing.assert_allclose(got, expected, rtol=1e-10)


def test_in_float32():
    references, estimates, weights = example(np.float32)
    got = jit(lambda x, y: lpips(x, y, features, weights))(references, estimates)
    assert got.dtype == jnp.float32
    expected = [numpy_lpips(*pair, weights) for pair in zip(references, estimates, strict=True)]
    np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_features_see_standardised_images(x64):
    seen = []

    def record(x):
        seen.append(x)
        return [x]

    black, white = np.zeros((4, 4, 3)), np.ones((4, 4, 3))
    lpips(black, white, record, [np.ones(3)])
    for image, x in ((black, seen[0]), (white, seen[1])):
        np.testing.assert_allclose(x, (image - IMAGENET_MEAN) / IMAGENET_DEVIATION, rtol=1e-12)


def test_equal_images_and_dead_activations():
    references, estimates, weights = example(np.float32)
    dead = lambda x: [jax.nn.relu(x - 1) for x in features(x)]  # noqa: E731
    assert any((np.asarray(x) == 0).all(axis=-1).any() for x in dead(references))
    score = jit(jax.value_and_grad(lambda x: lpips(references, x, dead, weights).sum()))
    for estimate in (references, estimates):
        value, gradient = score(estimate)
        assert (value < 1e-9) == (estimate is references)
        assert jnp.isfinite(gradient).all()


def test_gradient(x64):
    references, estimates, weights = example()
    check_gradient(lambda x: lpips(references, x, features, weights).sum(), estimates)


def test_errors():
    x = jnp.zeros((1, 12, 12, 3))
    weights = [np.ones(4), np.ones(6)]
    with pytest.raises(ValueError, match="estimate: expected the shape of reference"):
        lpips(x, x[:, 1:], features, weights)
    with pytest.raises(ValueError, match=r"reference: expected shape \(..., H, W, 3\)"):
        lpips(x[..., :1], x[..., :1], features, weights)
    with pytest.raises(ValueError, match=r"as weights \[4, 5\], got \[4, 6\]"):
        lpips(x, x, features, [np.ones(4), np.ones(5)])
    with pytest.raises(ValueError, match=r"as weights \[4\], got \[4, 6\]"):
        lpips(x, x, features, weights[:1])
    with pytest.raises(ValueError, match=r"weights: expected shapes \(C,\)"):
        lpips(x, x, features, [np.ones((1, 4, 1, 1)), np.ones(6)])
