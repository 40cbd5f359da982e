import jax
import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.operators import resize
from train.zero_shot import _stalls, random_father, zero_shot

# Every pixel has a value of its own.
NUMBERED = jnp.arange(20 * 24, dtype=jnp.float32).reshape(20, 24, 1)


def test_half_the_fathers_are_windows_turned_or_mirrored():
    keys = jax.random.split(jax.random.key(0), 200)
    fathers = jax.jit(jax.vmap(lambda key: random_father(key, NUMBERED, 3)))(keys)
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
    ramp = jnp.broadcast_to(jnp.arange(200.0)[:, None, None], (200, 200, 1))
    keys = jax.random.split(jax.random.key(1), 100)
    fathers = jax.jit(jax.vmap(lambda key: random_father(key, ramp, 2)))(keys)
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
    found = zero_shot(jax.random.key(0), lr, 2, iterations=2)
    assert found.shape == (44, 34, channels)
    back = resize(found, 1 / 2)
    plain = resize(resize(lr, 2), 1 / 2)
    assert np.abs(back - lr).mean() < 0.2 * np.abs(plain - lr).mean()


def test_rejects_an_image_below_the_scale():
    with pytest.raises(ValueError, match=r"lr: expected at least scale=3 .* got \(2, 8, 3\)"):
        zero_shot(jax.random.key(0), jnp.zeros((2, 8, 3)), 3, iterations=1)
