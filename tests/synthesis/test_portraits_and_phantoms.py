"""Portraits by their areas, phantoms of tomography by what back-projection makes of them."""

import jax
import numpy as np
import pytest

from imaging_jax.operators import filtered_back_projection, radon
from imaging_jax.synthesis import ellipse_phantom, portrait


def test_a_head_is_as_large_as_its_ellipse():
    # Heads alone: shoulders begin below a head that stands on the lower edge.
    keys = jax.random.split(jax.random.key(0), 64)
    draw = jax.jit(jax.vmap(lambda k: portrait(k, (96, 128), (0.25, 0.25))))
    image, mask = map(np.asarray, draw(keys))
    assert image.shape == (64, 96, 128, 3)
    assert mask.dtype == bool
    assert image.min() >= 0
    assert image.max() <= 1
    tall = 0.25 * 96
    head = np.pi * 0.5 * 0.38 * tall**2
    # Of the trapezoid, means of its sides' ranges; parts of it may be cut off.
    shoulders = (1.6 - 0.45) * (0.55 + 0.925) * tall**2
    areas = mask.sum(axis=(1, 2))
    assert areas.min() > head
    assert areas.max() < 1.3 * (head + shoulders)
    assert np.median(areas) == pytest.approx(head + shoulders, rel=0.2)


def test_nothing_but_the_shape_tells_who_is_who():
    keys = jax.random.split(jax.random.key(1), 200)
    image, mask = jax.jit(jax.vmap(lambda k: portrait(k, (32, 32))))(keys)
    image, mask = np.asarray(image), np.asarray(mask)
    means = image[mask].mean(), image[~mask].mean()
    assert abs(means[0] - means[1]) < 0.03


def test_phantoms_are_as_hard_as_those_of_the_fact_sheet():
    """Back-projections of 26 and 9 of 180 views: 10.36 and 4.06 dB there, of other ellipses."""
    angles = lambda views: np.arange(views) * 180 / views  # noqa: E731
    draw = jax.jit(jax.vmap(lambda k: ellipse_phantom(k, 128)))
    phantoms = draw(jax.random.split(jax.random.key(0), 12))
    assert float(phantoms.min()) == 0
    np.testing.assert_allclose(phantoms.max(axis=(1, 2, 3)), 1, rtol=1e-6)

    def back_projected(views):
        sinograms = radon(phantoms, angles(views))
        return np.float64(filtered_back_projection(sinograms, angles(views)))

    truth = back_projected(180)
    for views, wanted in ((26, 10.36), (9, 4.06)):
        ratios = []
        for x, y in zip(truth, back_projected(views), strict=True):
            design = np.stack([y.ravel(), np.ones(y.size)], axis=1)
            residual = np.linalg.lstsq(design, x.ravel())[1][0]
            ratios.append(10 * np.log10((x**2).sum() / residual))
        assert np.mean(ratios) == pytest.approx(wanted, abs=1)
