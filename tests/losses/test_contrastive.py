"""Losses that compare views: values taken by hand or apart from this code, gradients, devices."""

import os
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.losses import cosine_regression, info_nce, masked_patch_error, nt_xent

FOUR = [(1, 0), (0, 1), (1, 1), (1, -1)]
ORTHOGONAL = [(1, 0), (0, 1), (1, 0), (0, 1)]
SINES = np.sin(1.7 * np.arange(24).reshape(6, 4))


@pytest.mark.parametrize(
    ("z", "temperature", "value"),
    [
        # ln 511: no other vector is any different.
        (np.ones((512, 3)), 0.1, np.log(511)),
        # Taken apart from this code, by numpy.
        (FOUR, 0.5, 1.950183),
        (FOUR, 0.1, 7.418279),
        (ORTHOGONAL, 0.5, 0.239545),
        (ORTHOGONAL, 0.1, 9.0796e-5),
        (SINES, 0.5, 2.629486),
    ],
)
def test_nt_xent(z, temperature, value):
    found = nt_xent(jnp.asarray(z, jnp.float32), temperature)
    assert float(found) == pytest.approx(value, abs=1e-6, rel=1e-6)


def test_nt_xent_of_half_precision_is_taken_in_single():
    z = jnp.asarray(FOUR, jnp.bfloat16)
    assert nt_xent(z, 0.1).dtype == jnp.float32
    assert float(nt_xent(z, 0.1)) == pytest.approx(7.418279, abs=1e-5)


def test_info_nce_is_its_sum():
    generator = np.random.default_rng(0)
    queries, keys, queue = (generator.standard_normal((n, 5)) for n in (3, 3, 7))
    unit = lambda x: x / np.linalg.norm(x)  # noqa: E731
    wanted = []
    for q, k in zip(queries, keys, strict=True):
        own = np.exp(unit(q) @ unit(k) / 0.2)
        others = sum(np.exp(unit(q) @ unit(other) / 0.2) for other in queue)
        wanted.append(-np.log(own / (own + others)))
    given = [jnp.asarray(x, jnp.float32) for x in (queries, keys, queue)]
    assert float(info_nce(*given, 0.2)) == pytest.approx(np.mean(wanted), rel=1e-6)
    # K equal vectors beside the key: ln(K + 1).
    ones = jnp.ones((2, 5))
    assert float(info_nce(ones, ones, jnp.ones((7, 5)), 0.2)) == pytest.approx(np.log(8))


def test_cosine_regression_of_known_angles():
    prediction = jnp.array([[2.0, 0], [1, 1], [1, 0], [1, 0]])
    target = jnp.array([[3.0, 0], [1, 0], [0, 5], [-1, 0]])
    for row, wanted in enumerate([0, 2 - np.sqrt(2), 2, 4]):
        found = cosine_regression(prediction[row : row + 1], target[row : row + 1])
        assert float(found) == pytest.approx(wanted, abs=1e-6)


def test_no_gradient_passes_to_keys_queue_or_target():
    x, y, queue = (jax.random.normal(jax.random.key(i), (4, 3)) for i in range(3))
    of_query, *others = jax.grad(info_nce, (0, 1, 2))(x, y, queue)
    assert np.any(of_query)
    assert not any(np.any(g) for g in others)
    of_prediction, of_target = jax.grad(cosine_regression, (0, 1))(x, y)
    assert np.any(of_prediction)
    assert not np.any(of_target)


def test_gradients_stay_finite_at_zero():
    z = jnp.zeros((4, 3))
    assert np.all(np.isfinite(jax.grad(nt_xent)(z)))
    assert np.all(np.isfinite(jax.grad(cosine_regression)(z, z)))


def test_masked_patch_error_looks_at_hidden_patches_alone():
    generator = np.random.default_rng(0)
    prediction, patches = generator.standard_normal((2, 2, 5, 6)).astype(np.float32)
    mask = np.array([[1, 0, 1, 0, 0], [0, 0, 0, 1, 1]], bool)
    wanted, plain = [], []
    for image, place in zip(*np.nonzero(mask), strict=True):
        own = patches[image, place]
        normalised = (own - own.mean()) / np.sqrt(own.var() + 1e-6)
        wanted.append(np.mean((prediction[image, place] - normalised) ** 2))
        plain.append(np.mean((prediction[image, place] - own) ** 2))
    found = masked_patch_error(prediction, patches, mask)
    assert float(found) == pytest.approx(np.mean(wanted), rel=1e-5)
    assert float(masked_patch_error(prediction, patches, mask, False)) == pytest.approx(
        np.mean(plain), rel=1e-5
    )
    changed = np.where(mask[..., None], patches, np.nan)
    assert float(masked_patch_error(prediction, changed, mask)) == float(found)
    # By definition of the normalised target: the patch's mean predicted everywhere.
    mean = masked_patch_error(np.zeros_like(patches), patches, mask)
    assert float(mean) == pytest.approx(1, abs=1e-4)


DEVICES = """
import jax, jax.numpy as jnp
from jax.sharding import NamedSharding, PartitionSpec
from imaging_jax.losses import nt_xent
from train.state.devices import data_mesh
z = jax.random.normal(jax.random.key(0), (32, 5))
mesh = data_mesh()
cut = jax.device_put(z, NamedSharding(mesh, PartitionSpec("data")))
value, gradient = jax.jit(jax.value_and_grad(nt_xent))(cut)
one, wanted = jax.jit(jax.value_and_grad(nt_xent))(z)
print(len(cut.sharding.device_set), float(abs(value - one)), float(abs(gradient - wanted).max()))
"""


def test_eight_devices_give_the_value_and_gradient_of_one():
    done = subprocess.run(
        [sys.executable, "-c", DEVICES],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    devices, value, gradient = done.stdout.split()
    assert devices == "8"
    assert float(value) < 1e-6
    assert float(gradient) < 1e-6


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nt_xent(jnp.ones((3, 2))), "z: expected an even number of vectors, 4 at least"),
        (lambda: nt_xent(jnp.ones((2, 2))), "z: expected an even number of vectors, 4 at least"),
        (lambda: nt_xent(jnp.ones((4, 2, 2))), r"z: expected real vectors \(N, D\)"),
        (lambda: nt_xent(jnp.ones((4, 2), int)), r"z: expected real vectors \(N, D\)"),
        (lambda: nt_xent(jnp.ones((4, 2)), 0.0), "temperature: expected one above 0, got 0.0"),
        (
            lambda: info_nce(jnp.ones((4, 2)), jnp.ones((4, 2)), jnp.ones((8, 3))),
            r"keys, queue: expected \(4, 2\) and \(K, 2\)",
        ),
        (
            lambda: cosine_regression(jnp.ones((4, 2)), jnp.ones((3, 2))),
            r"target: expected \(4, 2\), got \(3, 2\)",
        ),
        (
            lambda: masked_patch_error(jnp.ones((1, 4, 2)), jnp.ones((1, 4, 2)), jnp.ones((1, 3))),
            r"expected \(N, L, D\) twice and \(N, L\)",
        ),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
