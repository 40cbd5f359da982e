import jax
import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.synthesis import shapes
from imaging_jax.synthesis._shapes import _depth, _in_ellipse
from tests.metrics.helpers import jit


@pytest.fixture(scope="module")
def drawn():
    draw = jit(jax.vmap(lambda key: shapes(key, (48, 64), objects=5)))
    return jax.tree.map(np.asarray, draw(jax.random.split(jax.random.key(0), 200)))


def test_format(drawn):
    assert (drawn.image.shape, drawn.image.dtype) == ((200, 48, 64, 3), np.float32)
    assert (drawn.masks.shape, drawn.masks.dtype) == ((200, 5, 48, 64), bool)
    assert drawn.image.min() >= 0
    assert drawn.image.max() <= 1


def test_masks_are_what_is_seen(drawn):
    assert drawn.masks.sum(axis=1).max() == 1
    # Of two objects at least the upper one lies upon all else, its centre within the image.
    areas = drawn.masks.sum(axis=(2, 3))
    last = np.array([np.flatnonzero(row)[-1] for row in areas])
    assert last.min() >= 1
    upper = areas[np.arange(200), last]
    # A triangle's inscribed circle has half its radius, of 0.09 of 48 pixels; a quarter is seen.
    assert upper.min() > 0.1 * np.pi * (0.5 * 0.09 * 48) ** 2
    # Objects that aren't there come last.
    counts = np.array([np.count_nonzero(row) for row in areas])
    assert counts.min() >= 1
    assert set(last + 1) == {2, 3, 4, 5}


def test_objects_differ_from_the_ground(drawn):
    seen = drawn.masks.any(axis=1)
    ground = np.stack([x[~m].mean(axis=0) for x, m in zip(drawn.image, seen, strict=True)])
    means = [
        x[m].mean(axis=0) - g
        for x, masks, g in zip(drawn.image, drawn.masks, ground, strict=True)
        for m in masks
        if m.sum() > 50
    ]
    assert np.mean(np.abs(means).max(axis=1) > 0.1) > 0.97


def test_masks_lie_where_the_colours_are():
    # Two colours alone: without noise, all within a mask is nearer to its own mean.
    key = jax.random.key(5)
    found = jit(lambda k: shapes(k, (64, 64), objects=2, noise=0.0))(key)
    image, masks = np.asarray(found.image), np.asarray(found.masks)
    own = image[masks[1]]
    around = image[~masks.any(axis=0)]
    middle, ground = np.median(own, axis=0), np.median(around, axis=0)
    nearer = np.linalg.norm(own - middle, axis=-1) < np.linalg.norm(own - ground, axis=-1)
    assert nearer.mean() > 0.9


def test_an_ellipse_has_its_area_and_its_edge():
    rows, columns = np.mgrid[-40:40, -40:40] + 0.5
    depth = np.asarray(_in_ellipse(jnp.asarray(columns), jnp.asarray(rows), 30.0, 15.0))
    assert np.sum(depth > 0) == pytest.approx(np.pi * 30 * 15, rel=0.01)
    # On the axes the distance from the edge.
    np.testing.assert_allclose(depth[40, -15:-5], 30 - columns[40, -15:-5], atol=0.6)


def test_every_kind_is_drawn():
    draw = jit(jax.vmap(lambda key: _depth(key, (64, 64))))
    depth = np.asarray(draw(jax.random.split(jax.random.key(1), 200)))
    # Deepest in the middle: the radius of the largest disc within.
    radii = depth.max(axis=(1, 2))
    assert 1 < radii.min() < radii.max() <= 0.3 * 64
    assert np.isfinite(depth).all()


def test_grey_images_have_one_channel():
    found = jax.eval_shape(lambda k: shapes(k, (16, 16), channels=1), jax.random.key(0))
    assert found.image.shape == (16, 16, 1)
    assert found.masks.shape == (6, 16, 16)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"objects": 1}, "objects must be at least 2, got 1"),
        ({"channels": 2}, "channels must be 1 or 3, got 2"),
        ({"noise": -0.1}, r"noise must not be negative, got -0\.1"),
    ],
)
def test_rejects_at_trace_time(told, message):
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(lambda k: shapes(k, (16, 16), **told), jax.random.key(0))
