import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from imaging_jax.losses import clip_weights, gradient_penalty, r1_penalty

REAL, FAKE = (np.random.default_rng(seed).random((3, 4, 5, 2), np.float32) for seed in (0, 1))
# A direction of length 3 over all pixels and channels.
DIRECTION = np.zeros((4, 5, 2), np.float32)
DIRECTION[0, 0, 0], DIRECTION[2, 3, 1], DIRECTION[3, 4, 0] = 1, 2, 2


def linear(x):
    return jnp.sum(x * DIRECTION, axis=(1, 2, 3))


def quadratic(x):
    return 0.5 * jnp.sum(x**2, axis=(1, 2, 3))  # its gradient is x


def test_values_of_a_linear_critic():
    penalty = jax.jit(lambda key: gradient_penalty(linear, REAL, FAKE, key))(jax.random.key(0))
    assert 10 * float(penalty) == 40
    assert 10 / 2 * float(r1_penalty(linear, REAL)) == 45


def test_r1_is_the_mean_square_of_the_gradient():
    expected = np.mean(np.sum(REAL.astype(np.float64) ** 2, axis=(1, 2, 3)))
    assert float(r1_penalty(quadratic, REAL)) == pytest.approx(expected, rel=1e-6)


def test_the_gradient_is_taken_between_the_images_at_one_weight_an_image():
    # Real 0, generated 1: the gradient of the quadratic is the weight at every pixel.
    real, fake = jnp.zeros((200, 2, 2, 1)), jnp.ones((200, 2, 2, 1))
    seen = []

    def critic(x):
        jax.debug.callback(lambda x: seen.append(np.asarray(x)), x)
        return quadratic(x)

    penalty = gradient_penalty(critic, real, fake, jax.random.key(3))
    jax.effects_barrier()
    weights = seen[0]
    assert weights.shape == real.shape
    np.testing.assert_array_equal(weights, np.broadcast_to(weights[:, :1, :1], real.shape))
    weight = weights[:, 0, 0, 0]
    assert weight.min() < 0.05
    assert weight.max() > 0.95
    assert np.mean(weight) == pytest.approx(0.5, abs=0.07)
    assert float(penalty) == pytest.approx(np.mean((2 * weight - 1) ** 2), rel=1e-5)


def test_penalties_train_the_critic(x64):
    real, fake = REAL.astype(np.float64), FAKE.astype(np.float64)

    def penalties(direction):
        def critic(x):
            return jnp.tanh(jnp.sum(x * direction, axis=(1, 2, 3)))

        return gradient_penalty(critic, real, fake, jax.random.key(0)) + r1_penalty(critic, real)

    check_grads(penalties, (DIRECTION.astype(np.float64) / 5,), order=1, modes=["rev"])


def test_a_flat_critic_gives_no_nan():
    def penalty(weight):
        return gradient_penalty(lambda x: weight * linear(x), REAL, FAKE, jax.random.key(0))

    value, gradient = jax.value_and_grad(penalty)(0.0)
    assert float(value) == pytest.approx(1, abs=1e-5)
    assert float(gradient) == 0


def test_clip_weights():
    params = {"dense": {"kernel": jnp.array([[-3.0, 0.005]]), "bias": jnp.array([0.02])}}
    clipped = clip_weights(params, 0.01)
    np.testing.assert_allclose(clipped["dense"]["kernel"], [[-0.01, 0.005]])
    np.testing.assert_allclose(clipped["dense"]["bias"], [0.01])


def test_rejects():
    with pytest.raises(ValueError, match=r"fake: expected the shape of real \(3, 4, 5, 2\)"):
        gradient_penalty(linear, REAL, FAKE[:1], jax.random.key(0))
    with pytest.raises(ValueError, match=r"real: expected shape \(N, H, W, C\), got \(4, 5, 2\)"):
        gradient_penalty(linear, REAL[0], FAKE[0], jax.random.key(0))
    with pytest.raises(ValueError, match=r"real: expected shape \(N, H, W, C\), got \(4, 5, 2\)"):
        r1_penalty(linear, REAL[0])
    with pytest.raises(ValueError, match="bound must be positive, got 0"):
        clip_weights({}, 0)
