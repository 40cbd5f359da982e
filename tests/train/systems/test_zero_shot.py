from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.operators import resize
from tests.models.super_resolution_helpers import jit
from train.systems.zero_shot import _stalls, random_father, zero_shot

# Every pixel has a value of its own.
NUMBERED = np.arange(20 * 24, dtype=np.float32).reshape(20, 24, 1)


def random_fathers(seed, count, image, scale):
    keys = jax.random.split(jax.random.key(seed), count)
    return np.asarray(jit(jax.vmap(lambda key: random_father(key, image, scale)))(keys))


def test_half_the_fathers_are_windows_turned_or_mirrored():
    fathers = random_fathers(0, 200, NUMBERED, 3)
    assert fathers.shape == (200, 18, 18, 1)
    exact = [bool(np.allclose(f, np.rint(f), atol=1e-3)) for f in fathers]
    assert np.mean(exact) == pytest.approx(0.5, abs=0.11)  # 3 standard deviations
    steps = set()
    for father, is_exact in zip(fathers, exact, strict=True):
        if is_exact:
            assert len(np.unique(np.rint(father))) == 18 * 18
            down, right = father[1, 0, 0] - father[0, 0, 0], father[0, 1, 0] - father[0, 0, 0]
            steps.add((round(float(down)), round(float(right))))
    assert steps == {
        (a, b) for s in (1, -1) for t in (1, -1) for a, b in ((24 * s, t), (s, 24 * t))
    }


def test_the_other_fathers_are_shrunk():
    # A ramp of slope 1 appears with a slope of 1 / size, between 1 and 2 but for the anisotropy.
    ramp = np.repeat(np.arange(200, dtype=np.float32)[:, None, None], 200, axis=1)
    fathers = random_fathers(1, 100, ramp, 2)
    assert fathers.shape[1:] == (128, 128, 1)
    centre = fathers[:, 60:68, 60:68, 0]
    slopes = np.hypot(np.diff(centre, axis=1).mean((1, 2)), np.diff(centre, axis=2).mean((1, 2)))
    free = np.abs(slopes - 1) > 1e-3
    assert 0.35 < free.mean() < 0.65
    assert 1.0 < np.median(slopes[free]) < 2.0


def test_the_rate_falls_when_the_error_does_not():
    falling = [(60 * i, 1e-3 - 1e-4 * i + 1e-6 * (-1) ** i) for i in range(5)]
    noise = [(60 * i, 1e-3 + 1e-4 * (-1) ** i) for i in range(5)]
    assert not _stalls(falling)
    assert _stalls(noise)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_answer_shrinks_to_the_image(channels):
    rows, columns, _ = np.ogrid[:22, :17, :1]
    lr = 0.5 + 0.3 * np.sin(0.7 * rows) * np.cos(0.5 * columns + np.arange(channels))
    lr = jnp.asarray(lr, jnp.float32)
    key = jax.random.key(0, impl="unsafe_rbg")  # compiles several times as fast as threefry
    found = zero_shot(key, lr, 2, iterations=2)
    assert found.shape == (44, 34, channels)
    enlarge, shrink = (jit(partial(resize, scale=scale)) for scale in (2, 1 / 2))
    answer_error, bicubic_error = (np.abs(shrink(x) - lr).mean() for x in (found, enlarge(lr)))
    assert answer_error < 0.2 * bicubic_error


@pytest.mark.slow
def test_learning_beats_bicubic_on_an_image_that_repeats_itself():
    # Rings whose width varies: what is small here is large there.
    rows, columns = np.mgrid[-1:1:96j, -1:1:96j]
    rings = 0.5 + 0.5 * np.sign(np.sin(25 * np.hypot(rows, columns) ** 1.5))
    hr = jnp.asarray(rings[..., None], jnp.float32)
    lr = jit(partial(resize, scale=1 / 2))(hr)
    key = jax.random.key(0, impl="unsafe_rbg")
    untrained, found = (
        float(jnp.mean((zero_shot(key, lr, 2, iterations) - hr) ** 2)) for iterations in (0, 200)
    )
    # Five keys reach 0.75 to 0.85; the rate hasn't fallen yet after so few iterations.
    assert found < 0.9 * untrained


def test_rejects_an_image_below_the_scale():
    with pytest.raises(ValueError, match=r"lr: expected at least scale=3 .* got \(2, 8, 3\)"):
        zero_shot(jax.random.key(0), jnp.zeros((2, 8, 3)), 3, iterations=1)
