import jax
import jax.numpy as jnp
import numpy as np
import pytest
import pywt

from imaging_jax.transforms import (
    haar_packet,
    inverse_haar_packet,
    inverse_wavelet_packet,
    wavelet_decompose,
    wavelet_packet,
    wavelet_reconstruct,
)

WAVELETS = ["haar", "db2", "db3", "db4", "bior1.5", "bior4.4"]
ORTHONORMAL = ["haar", "db2", "db4"]


def random_image(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.filterwarnings("ignore:Level value")
@pytest.mark.parametrize("wavelet", WAVELETS)
@pytest.mark.parametrize(("shape", "levels"), [((16, 24, 1), 1), ((2, 8, 40, 3), 3)])
def test_decomposition_against_pywavelets(wavelet, shape, levels, x64):
    # Three levels of 8 rows: filters longer than the image wrap around several times.
    x = random_image(shape)
    expected = pywt.wavedec2(x, wavelet, mode="periodization", level=levels, axes=(-3, -2))
    coefficients = wavelet_decompose(x, wavelet, levels)
    assert [np.shape(c) for c in jax.tree.leaves(coefficients)] == [
        np.shape(c) for c in jax.tree.leaves(expected)
    ]
    jax.tree.map(
        lambda c, e: np.testing.assert_allclose(c, e, atol=1e-12), coefficients, list(expected)
    )
    np.testing.assert_allclose(wavelet_reconstruct(coefficients, wavelet), x, atol=1e-11)


@pytest.mark.parametrize("wavelet", WAVELETS)
def test_reconstruction_against_pywavelets(wavelet, x64):
    coefficients = [random_image((4, 6, 2))]
    for level in range(2):
        shape = (4 * 2**level, 6 * 2**level, 2)
        coefficients.append(tuple(random_image((3, *shape), level)))
    expected = pywt.waverec2(coefficients, wavelet, mode="periodization", axes=(-3, -2))
    np.testing.assert_allclose(wavelet_reconstruct(coefficients, wavelet), expected, atol=1e-12)


@pytest.mark.parametrize("wavelet", ORTHONORMAL)
def test_reconstruction_is_the_adjoint_of_orthonormal_wavelets(wavelet, x64):
    x = random_image((8, 8, 1))
    y = [random_image((2, 2, 1), 1), *(tuple(random_image((3, n, n, 1), n)) for n in (2, 4))]
    products = jax.tree.map(jnp.vdot, wavelet_decompose(x, wavelet, 2), y)
    expected = jnp.vdot(x, wavelet_reconstruct(y, wavelet))
    np.testing.assert_allclose(sum(jax.tree.leaves(products)), expected, rtol=1e-12)


def test_gradient(x64):
    x = random_image((2, 4, 4, 1))

    def energy(x):
        y = wavelet_decompose(x, "db2", 1)
        return sum(jnp.sum(band**2) for band in jax.tree.leaves(y))

    # Orthonormal: the energy of the coefficients is that of the image.
    np.testing.assert_allclose(jax.vmap(jax.grad(energy))(x), 2 * x, atol=1e-12)


def test_printed_haar_coefficients():
    x = np.arange(16, dtype=np.float32).reshape(4, 4, 1)
    low, (rows, columns, both) = wavelet_decompose(x)
    np.testing.assert_allclose(low[..., 0], [[5, 9], [21, 25]], atol=1e-5)
    np.testing.assert_allclose(rows, -4, atol=1e-5)
    np.testing.assert_allclose(columns, -1, atol=1e-5)
    np.testing.assert_allclose(both, 0, atol=1e-5)


def packet_oracle(x, wavelet, levels):
    """Bands of PyWavelets, in our order: digits 0, 1, 2, 3 are its steps a, v, h, d."""
    packet = pywt.WaveletPacket2D(x, wavelet, mode="periodization", maxlevel=levels)
    bands = []
    for band in range(4**levels):
        digits = np.base_repr(band, 4).zfill(levels)
        bands.append(packet["".join("avhd"[int(digit)] for digit in reversed(digits))].data)
    return np.stack(bands, axis=-1)


@pytest.mark.parametrize(
    ("wavelet", "levels"), [("haar", 3), ("db3", 1), ("db4", 2), ("bior4.4", 2)]
)
def test_packet_against_pywavelets(wavelet, levels, x64):
    x = random_image((2, 16, 24, 2))
    y = wavelet_packet(x, wavelet, levels).reshape(2, 16 >> levels, 24 >> levels, 4**levels, 2)
    for image, channel in np.ndindex(2, 2):
        expected = packet_oracle(x[image, ..., channel], wavelet, levels)
        np.testing.assert_allclose(y[image, ..., channel], expected, atol=1e-12)
    y = y.reshape(*y.shape[:3], -1)
    np.testing.assert_allclose(inverse_wavelet_packet(y, wavelet, levels), x, atol=1e-11)


def test_haar_packet_is_a_kronecker_product(x64):
    first = np.array([[[1, 1], [1, 1]], [[1, -1], [1, -1]], [[1, 1], [-1, -1]], [[1, -1], [-1, 1]]])
    for c, e in np.ndindex(4, 4):
        point = np.zeros((1, 1, 16))
        point[..., 4 * c + e] = 1
        filter_ = inverse_haar_packet(point, 2)[..., 0]
        np.testing.assert_array_equal(filter_, np.kron(first[c], first[e]) / 4)


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_haar_packet(depth, x64):
    x = random_image((3, 2**depth, 2 * 2**depth, 2))
    y = haar_packet(x, depth)
    for image, channel in np.ndindex(3, 2):
        expected = packet_oracle(x[image, ..., channel], "haar", depth)
        np.testing.assert_allclose(y[image, ..., channel::2], expected, atol=1e-12)
    np.testing.assert_allclose(inverse_haar_packet(y, depth), x, atol=1e-12)

    def filters(x):
        return haar_packet(x, depth)[0, 0]

    W = jax.jacobian(filters)(jnp.zeros((2**depth, 2**depth, 1))).reshape(4**depth, -1)
    np.testing.assert_allclose(W @ W.T, np.eye(4**depth), atol=1e-14)
    np.testing.assert_array_equal(abs(W), 2.0**-depth)


def test_float32():
    x = random_image((32, 32, 1)).astype(np.float32)
    for level in wavelet_decompose(x, "db4", 3):
        for band in jax.tree.leaves(level):
            assert band.dtype == jnp.float32
    y = jax.jit(lambda x: wavelet_reconstruct(wavelet_decompose(x, "db4", 3), "db4"))(x)
    np.testing.assert_allclose(y, x, atol=1e-5)
    assert haar_packet(x, 2).dtype == jnp.float32
    np.testing.assert_allclose(inverse_haar_packet(haar_packet(x, 2), 2), x, atol=1e-5)


def test_wrong_input():
    odd = jnp.zeros((6, 12, 1))
    for function in (wavelet_decompose, wavelet_packet):
        with pytest.raises(ValueError, match=r"divisible by 2\*\*levels = 4, got \(6, 12, 1\)"):
            function(odd, "haar", 2)
        with pytest.raises(ValueError, match="levels: expected at least 1, got 0"):
            function(odd, "haar", 0)
        with pytest.raises(ValueError, match=r"wavelet: expected a discrete wavelet .* got 'morl'"):
            function(odd, "morl")
        with pytest.raises(ValueError, match="x: expected a floating-point image, got uint8"):
            function(jnp.zeros((4, 4, 1), jnp.uint8))
    with pytest.raises(ValueError, match="coefficients: expected three details of shape"):
        wavelet_reconstruct([jnp.zeros((2, 2, 1)), (jnp.zeros((2, 2, 1)), jnp.zeros((2, 3, 1)))])
    with pytest.raises(ValueError, match="coefficients: expected a multiple of 4"):
        inverse_wavelet_packet(jnp.zeros((2, 2, 6)))
    with pytest.raises(ValueError, match="coefficients: expected a multiple of 4"):
        inverse_haar_packet(jnp.zeros((2, 2, 6)), 1)
    with pytest.raises(ValueError, match="height and width divisible by 4"):
        haar_packet(odd, 2)
    with pytest.raises(ValueError, match="depth: expected at least 1, got 0"):
        haar_packet(odd, 0)
