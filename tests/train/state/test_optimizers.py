import jax
import jax.numpy as jnp
import numpy as np
import pytest

from train.state.optimizers import cosine, exponential, linear, make_optimizer, step_decay

SECTION = {"name": "sgd", "momentum": 0.0, "schedule": {"name": "constant", "peak": 0.5}}


def one_update(section, params, grads):
    optimizer = make_optimizer(section, 10, ("network",))
    params, grads = {"network": params}, {"network": grads}
    state = optimizer.init(params)["main"]
    return optimizer.transformation.update(grads, state, params)[0]["network"]


def test_weights_of_the_names_given_alone_decay():
    section = {"name": "adamw", "weight_decay": 0.1, "decayed": ("kernel",)}
    section["schedule"] = {"name": "constant", "peak": 0.5}
    params = {"network": {"dense": {"kernel": jnp.ones(3), "bias": jnp.ones(3)}}}
    optimizer = make_optimizer(section, 10, ("network",))
    zeros = jax.tree.map(jnp.zeros_like, params)
    state = optimizer.init(params)["main"]
    updates, _ = optimizer.transformation.update(zeros, state, params)
    # The rate times the decay times the weight; of a gradient of 0 Adam adds nothing.
    np.testing.assert_allclose(updates["network"]["dense"]["kernel"], -0.05, rtol=1e-6)
    np.testing.assert_array_equal(updates["network"]["dense"]["bias"], 0)
    with pytest.raises(ValueError, match=r"optimizer.decayed names kernels, which no parameter"):
        make_optimizer({**section, "decayed": ("kernels",)}, 10, ("network",)).init(params)


def test_a_line_to_zero_after_so_many_constant_steps():
    """CycleGAN's: 100 epochs constant, 100 down to zero."""
    schedule = linear(2e-4, steps=200, hold=100)
    found = [float(schedule(step)) for step in (0, 99, 100, 150, 200)]
    np.testing.assert_allclose(found, [2e-4, 2e-4, 2e-4, 1e-4, 0], atol=1e-9)
    with pytest.raises(ValueError, match=r"schedule\.hold=200: wanted less than the 200 steps"):
        linear(2e-4, steps=200, hold=200)


def test_exponential_halves_and_keeps_its_floor():
    schedule = exponential(8e-3, steps=100, every=10, factor=0.5, floor=1e-3)
    found = [float(schedule(step)) for step in (0, 5, 10, 30)]
    np.testing.assert_allclose(found, [9e-3, 8e-3 * 0.5**0.5 + 1e-3, 5e-3, 2e-3], rtol=1e-6)


def test_cosine_with_warmup_is_its_formula():
    schedule = cosine(2e-3, steps=100, warmup=10, final=1e-4)
    rising = [2e-3 * (step + 1) / 10 for step in range(10)]
    after = [1e-4 + (2e-3 - 1e-4) * (1 + np.cos(np.pi * t / 90)) / 2 for t in range(91)]
    found = [float(schedule(step)) for step in range(101)]
    np.testing.assert_allclose(found, rising + after, rtol=1e-5)


def test_steps_fall_by_the_factor_where_asked():
    schedule = step_decay(0.1, steps=100, every=30, factor=0.1, warmup=0)
    np.testing.assert_allclose(
        [schedule(29), schedule(31), schedule(61)], [0.1, 0.01, 0.001], rtol=1e-5
    )


def test_steps_are_counted_from_the_start_with_warmup_too():
    schedule = step_decay(0.1, steps=100, every=30, factor=0.1, warmup=10)
    np.testing.assert_allclose([schedule(28), schedule(32)], [0.1, 0.01], rtol=1e-5)


def test_clipping_scales_the_whole_gradient():
    grads = {"a": jnp.array([3.0]), "b": jnp.array([4.0])}
    updates = one_update({**SECTION, "clip_norm": 1.0}, grads, grads)
    np.testing.assert_allclose([updates["a"][0], updates["b"][0]], [-0.3, -0.4], rtol=1e-6)


def test_multipliers_slow_the_layers_they_name():
    grads = {"conv1": {"kernel": jnp.ones(2)}, "conv3": {"kernel": jnp.ones(2)}}
    updates = one_update({**SECTION, "multipliers": {"conv3": 0.1}}, grads, grads)
    np.testing.assert_allclose(updates["conv1"]["kernel"], -0.5)
    np.testing.assert_allclose(updates["conv3"]["kernel"], -0.05, rtol=1e-6)


def test_muon_makes_the_gradients_of_kernels_orthogonal():
    generator = np.random.default_rng(0)
    kernel = jnp.asarray(generator.normal(size=(3, 3, 2, 5)), jnp.float32)
    params = {"conv": {"kernel": kernel, "bias": jnp.asarray([3.0, -4.0])}}
    section = {"name": "muon", "schedule": {"name": "constant", "peak": 0.1}}
    updates = one_update(section, params, params)
    # The nearest matrix with orthonormal columns is U V'; the iteration comes near it.
    u, _, vt = np.linalg.svd(np.asarray(kernel).reshape(18, 5), full_matrices=False)
    found = np.asarray(updates["conv"]["kernel"]).reshape(18, 5)
    singular_values = np.linalg.svd(found, compute_uv=False)
    assert singular_values.max() / singular_values.min() < 1.8
    assert np.sum(found * (u @ vt)) / np.linalg.norm(found) / 5**0.5 < -0.97
    # Dozat's first step: the sign, and a look ahead.
    step = 0.1 * (0.9 * 0.1 / (1 - 0.9**2) + 1)
    np.testing.assert_allclose(updates["conv"]["bias"], [-step, step], rtol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"multipliers": {"conv9": 0.1}}, "conv9"),
        ({"schedule": {"name": "constant", "peek": 1}}, r"optimizer\.schedule\.peek"),
        ({"name": "adm"}, r"optimizer\.name='adm'.*'adam'"),
    ],
)
def test_mistakes_are_named(change, message):
    grads = {"conv1": jnp.ones(2)}
    with pytest.raises(ValueError, match=message):
        one_update({**SECTION, **change}, grads, grads)
