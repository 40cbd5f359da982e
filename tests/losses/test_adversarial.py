import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from imaging_jax.losses import (
    ADVERSARIAL_LOSSES,
    cross_entropy_discriminator_loss,
    minimax_generator_loss,
    non_saturating_generator_loss,
)

REAL, FAKE = np.array([0.5, -2.0, 3.0]), np.array([1.0, -0.25])


@pytest.mark.parametrize(
    ("name", "discriminator", "generator"),
    [
        ("minimax", 2 * np.log(2), -np.log(2)),
        ("non_saturating", 2 * np.log(2), np.log(2)),
        ("least_squares", 0.5, 0.5),
        ("hinge", 2, 0),
        ("wasserstein", 0, 0),
    ],
)
def test_values_of_a_discriminator_that_says_nothing(name, discriminator, generator):
    discriminator_loss, generator_loss = ADVERSARIAL_LOSSES[name]
    zeros = jnp.zeros(4)
    assert float(discriminator_loss(zeros, zeros)) == pytest.approx(discriminator, abs=1e-6)
    assert float(generator_loss(zeros)) == pytest.approx(generator, abs=1e-6)


# By hand from the formulas, over probabilities where the paper gives them so.
def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize(
    ("name", "discriminator", "generator"),
    [
        (
            "minimax",
            -np.mean(np.log(sigmoid(REAL))) - np.mean(np.log(1 - sigmoid(FAKE))),
            np.mean(np.log(1 - sigmoid(FAKE))),
        ),
        (
            "non_saturating",
            -np.mean(np.log(sigmoid(REAL))) - np.mean(np.log(1 - sigmoid(FAKE))),
            -np.mean(np.log(sigmoid(FAKE))),
        ),
        ("least_squares", 0.5 * (0.25 + 9 + 4) / 3 + 0.5 * (1 + 0.0625) / 2, 0.5 * 1.5625 / 2),
        ("hinge", (0.5 + 3 + 0) / 3 + (2 + 0.75) / 2, -0.375),
        ("wasserstein", 0.375 - 0.5, -0.375),
    ],
)
def test_values(name, discriminator, generator):
    discriminator_loss, generator_loss = (jax.jit(loss) for loss in ADVERSARIAL_LOSSES[name])
    assert float(discriminator_loss(REAL, FAKE)) == pytest.approx(discriminator, rel=1e-5)
    assert float(generator_loss(FAKE)) == pytest.approx(generator, rel=1e-5)


def test_smoothing_moves_only_the_real_label():
    # The best discriminator of equal distributions then says 0.45.
    logit = jnp.full(3, np.log(0.45 / 0.55))

    def loss(real, fake):
        return cross_entropy_discriminator_loss(real, fake, real_label=0.9)

    assert float(loss(logit, logit)) == pytest.approx(1.3763, abs=1e-4)
    together = jax.grad(lambda logit: loss(logit, logit))(logit)
    np.testing.assert_allclose(together, 0, atol=1e-7)
    np.testing.assert_allclose(jax.grad(loss, argnums=1)(logit, logit), 0.45 / 3, rtol=1e-6)


def test_only_the_minimax_gradient_vanishes_where_the_discriminator_is_sure():
    minimax, non_saturating = (
        float(jax.grad(loss)(jnp.float32(-10.0)))
        for loss in (minimax_generator_loss, non_saturating_generator_loss)
    )
    assert -minimax == pytest.approx(4.54e-5, rel=1e-3)
    assert -non_saturating == pytest.approx(0.99995, abs=1e-5)


@pytest.mark.parametrize("name", ["hinge", "least_squares", "minimax", "wasserstein"])
def test_a_discriminator_that_is_right_loses_less_than_one_that_is_wrong(name):
    discriminator_loss, generator_loss = ADVERSARIAL_LOSSES[name]
    high, low = jnp.full(3, 0.9), jnp.full(3, -0.9)
    assert discriminator_loss(high, low) < discriminator_loss(low, high) - 0.5
    assert generator_loss(high) < generator_loss(low)


@pytest.mark.parametrize("name", ADVERSARIAL_LOSSES)
def test_gradients(name, x64):
    discriminator_loss, generator_loss = ADVERSARIAL_LOSSES[name]
    check_grads(discriminator_loss, (REAL, FAKE), order=1)
    check_grads(generator_loss, (FAKE,), order=1)


@pytest.mark.parametrize("name", ["minimax", "non_saturating"])
@pytest.mark.parametrize("logit", [-1e4, 1e4])
def test_extreme_logits_stay_finite(name, logit):
    discriminator_loss, generator_loss = ADVERSARIAL_LOSSES[name]
    logits = jnp.full(2, logit)
    assert np.isfinite(jax.value_and_grad(discriminator_loss)(logits, logits)[0])
    assert np.isfinite(jax.grad(discriminator_loss)(logits, -logits)).all()
    assert np.isfinite(jax.grad(generator_loss)(logits)).all()


@pytest.mark.parametrize("name", ADVERSARIAL_LOSSES)
def test_logits_must_be_real_numbers(name):
    discriminator_loss, generator_loss = ADVERSARIAL_LOSSES[name]
    integers = jnp.zeros(2, jnp.int32)
    with pytest.raises(ValueError, match="fake_logits must be real floating point, got int32"):
        discriminator_loss(jnp.zeros(2), integers)
    with pytest.raises(ValueError, match="fake_logits must be real floating point, got int32"):
        generator_loss(integers)


@pytest.mark.parametrize("label", [0, 1.1])
def test_the_real_label_is_a_probability(label):
    with pytest.raises(ValueError, match=r"real_label must lie in \(0, 1\]"):
        cross_entropy_discriminator_loss(jnp.zeros(2), jnp.zeros(2), real_label=label)
