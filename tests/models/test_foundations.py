"""What everything else rests on, against figures worked out by hand or printed."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy.special import erf

from imaging_jax.losses import binary_cross_entropy, l1, mse
from imaging_jax.models.classification import MLP
from imaging_jax.models.layers import ACTIVATIONS, KERNEL_INITS, Conv


def rows(text):
    return np.array([[int(digit) for digit in row] for row in text.split()], np.float32)


def test_convolution_by_hand():
    # Dumoulin, Visin, "A guide to convolution arithmetic for deep learning", figure 1.1.
    image, kernel = rows("33210 00131 31223 20022 20001"), rows("012 220 012")
    params = {"kernel": kernel[:, :, None, None]}
    layer = Conv(1, (3, 3), padding="VALID", use_bias=False)
    found = layer.apply({"params": params}, image[None, ..., None])
    np.testing.assert_array_equal(found[0, ..., 0], [[12, 12, 17], [10, 17, 19], [9, 6, 14]])


@pytest.mark.parametrize("size", [5, 6, 13])
@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (3, 1), (3, 2), (4, 3), (5, 2)])
def test_size_of_a_convolutions_output(size, padding, kernel, stride):
    layer = Conv(2, (kernel, kernel), strides=stride, padding=padding)
    found, _ = jax.eval_shape(
        layer.init_with_output, jax.random.key(0), jnp.zeros((1, size, size + 1, 3))
    )
    sides = [(side + 2 * padding - kernel) // stride + 1 for side in (size, size + 1)]
    assert found.shape == (1, *sides, 2)


def test_adam_by_hand(x64):
    # f = w² / 2 from w = 1 at a rate of 0.1; Kingma, Ba, ICLR 2015, algorithm 1. In single
    # precision 1 - 0.999 itself is off by 1e-5.
    trace = [0.90000000, 0.80041223, 0.70158627, 0.60393906, 0.50796366]
    optimizer, w = optax.adam(0.1), jnp.ones(())
    state, found = optimizer.init(w), []
    for _ in trace:
        update, state = optimizer.update(w, state)
        w = optax.apply_updates(w, update)
        found.append(float(w))
    np.testing.assert_allclose(found, trace, atol=1e-6)
    mean, variance, again = 0.0, 0.0, [1.0]
    for t in range(1, 6):
        mean, variance = 0.9 * mean + 0.1 * again[-1], 0.999 * variance + 0.001 * again[-1] ** 2
        corrected = mean / (1 - 0.9**t), variance / (1 - 0.999**t)
        again.append(again[-1] - 0.1 * corrected[0] / (np.sqrt(corrected[1]) + 1e-8))
    np.testing.assert_allclose(again[1:], trace, atol=1e-8)


def test_losses_by_hand():
    y, estimate = jnp.asarray([1.0, 2.0, 3.0]), jnp.asarray([2.0, 2.0, 5.0])
    assert float(mse(estimate, y)) == pytest.approx((1 + 0 + 4) / 3)
    assert float(l1(estimate, y)) == pytest.approx((1 + 0 + 2) / 3)
    # One outlier of 100 among a hundred zeros: squared it weighs a hundred times as much.
    outlier = jnp.zeros(100).at[7].set(100.0)
    assert float(mse(outlier, jnp.zeros(100))) == pytest.approx(100.0)
    assert float(l1(outlier, jnp.zeros(100))) == pytest.approx(1.0)


def test_log_loss_by_hand():
    labels, probabilities = np.array([1.0, 0.0, 1.0, 1.0]), np.array([0.9, 0.2, 0.6, 0.5])
    # -(ln 0.9 + ln 0.8 + ln 0.6 + ln 0.5) / 4.
    wanted = (0.10536052 + 0.22314355 + 0.51082562 + 0.69314718) / 4
    logits = np.log(probabilities / (1 - probabilities))
    found = binary_cross_entropy(jnp.asarray(logits[:, None]), jnp.asarray(labels[:, None]))
    assert float(found) == pytest.approx(wanted, rel=1e-6)
    both = jnp.asarray(np.stack([-logits, logits], axis=-1) / 2)
    found = optax.softmax_cross_entropy_with_integer_labels(both, labels.astype(np.int32)).mean()
    assert float(found) == pytest.approx(wanted, rel=1e-6)


def test_gelu_is_the_exact_one():
    x = np.array([-3, -1, -0.5, 0.5, 1, 2], np.float32)
    # x Φ(x), and the tanh form of Hendrycks, Gimpel, 2016, section 2.
    exact = [-0.004050, -0.158655, -0.154269, 0.345731, 0.841345, 1.954500]
    tanh = [-0.003637, -0.158808, -0.154286, 0.345714, 0.841192, 1.954598]
    np.testing.assert_allclose(ACTIVATIONS["gelu"](x), exact, atol=1e-6)
    np.testing.assert_allclose(jax.nn.gelu(x), tanh, atol=1e-6)
    axis = np.linspace(-6, 6, 120_001)
    form = axis / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (axis + 0.044715 * axis**3)))
    apart = np.abs(form - axis / 2 * (1 + erf(axis / np.sqrt(2))))
    assert apart.max() == pytest.approx(4.73e-4, rel=1e-3)
    found = np.asarray(ACTIVATIONS["gelu"](jnp.asarray(axis, jnp.float32)))
    assert found.min() == pytest.approx(-0.169971, abs=1e-6)
    assert axis[found.argmin()] == pytest.approx(-0.7518, abs=3e-3)


@pytest.mark.parametrize(("fan_in", "fan_out", "shape"), [(300, 500, ()), (90, 180, (3, 3))])
def test_kernels_start_with_the_deviations_of_their_papers(fan_in, fan_out, shape):
    area = int(np.prod(shape))
    wanted = {
        "he": np.sqrt(2 / fan_in),  # He et al., ICCV 2015, equation 10
        "lecun": np.sqrt(1 / fan_in),  # LeCun et al., "Efficient BackProp", equation 16
        "xavier": np.sqrt(2 / (fan_in + fan_out)),  # Glorot, Bengio, AISTATS 2010, equation 12
    }
    for name, std in wanted.items():
        layer = (*shape, fan_in // area, fan_out // area)
        several = [KERNEL_INITS[name](jax.random.key(seed), layer) for seed in range(20)]
        assert np.std(several) == pytest.approx(std, rel=0.02)
        assert abs(np.mean(several)) < 0.02 * std


LAYERS = 30
IMAGES = np.random.default_rng(0).standard_normal((8, 8, 8, 1)).astype(np.float32)


def deep(activation, kernel_init="lecun"):
    """A perceptron of thirty hidden layers of 64 on images of 64 values, and its variables."""
    module = MLP((64,) * LAYERS, 10, (8, 8, 1), activation, kernel_init=kernel_init)
    return module.apply, module.init(jax.random.key(0), IMAGES)


def small(variables):
    """Kernels drawn anew of N(0, 0.01²)."""
    generator = np.random.default_rng(1)
    return jax.tree.map(
        lambda leaf: leaf if leaf.ndim == 1 else 0.01 * generator.standard_normal(leaf.shape),
        variables,
    )


def residual(variables, images):
    """The perceptron with every hidden layer added to its input."""
    layers, y = variables["params"], images.reshape(len(images), -1)
    for index in range(LAYERS):
        layer = layers[f"Dense_{index}"]
        y = y + jnp.tanh(y @ layer["kernel"] + layer["bias"])
    return y @ layers[f"Dense_{LAYERS}"]["kernel"] + layers[f"Dense_{LAYERS}"]["bias"]


def first_to_last(apply, variables):
    """The norm of the first hidden layer's gradient over that of the last one's.

    Of kernel and bias together: where signals vanish on their way forward, so does the last
    kernel's gradient, but not the last bias'.
    """

    def loss(variables):
        logits = apply(variables, IMAGES)
        return optax.softmax_cross_entropy_with_integer_labels(logits, jnp.arange(8)).mean()

    grads = jax.jit(jax.grad(loss))(variables)["params"]
    first, last = (
        np.concatenate([np.ravel(leaf) for leaf in grads[f"Dense_{index}"].values()])
        for index in (0, LAYERS - 1)
    )
    return np.linalg.norm(first.astype(np.float64)) / np.linalg.norm(last.astype(np.float64))


def test_gradients_vanish_with_small_kernels_and_not_with_the_papers():
    apply, variables = deep("tanh")
    vanished = first_to_last(apply, small(variables))
    # A layer scales by about 0.01 sqrt(64).
    assert 0.08**LAYERS / 10 < vanished < 1e-12
    assert 0.1 < first_to_last(residual, small(variables)) < 10
    assert 0.1 < first_to_last(*deep("tanh", "xavier")) < 10
    assert 0.1 < first_to_last(*deep("relu", "he")) < 10


def test_gradients_vanish_behind_sigmoids():
    # The slope is at most 1/4: thirty layers scale by at most the product of their kernels' norms
    # over 4, up to what images of one batch add to or take from each other.
    apply, variables = deep("sigmoid", "xavier")
    norms = [
        np.linalg.norm(variables["params"][f"Dense_{index}"]["kernel"], 2)
        for index in range(1, LAYERS)
    ]
    bound = np.prod(0.25 * np.array(norms))
    assert first_to_last(apply, variables) < 10 * bound < 1e-6
