"""The weights that come with the package: no data, no network, no licence question."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import skimage.data

from imaging_jax import pretrained
from imaging_jax.metrics import psnr
from imaging_jax.operators import resize
from imaging_jax.pretrained import WEIGHTS
from imaging_jax.pretrained import _weights as weights_module

OWN = [name for name, weights in WEIGHTS.items() if weights.packaged]


@functools.cache
def photograph():
    return jnp.asarray(skimage.data.astronaut()[:240, 120:360] / np.float32(255))


@pytest.mark.parametrize("name", OWN)
def test_enlarges_a_photograph_better_than_bicubic(name, monkeypatch):
    monkeypatch.delenv("IMAGING_DATA", raising=False)
    (scale,) = WEIGHTS[name].serves
    module, variables = pretrained.load(name)
    lr = resize(photograph(), 1 / scale, rounding="once")
    estimate = jnp.clip(jax.jit(module.apply)(variables, lr), 0, 1)
    bicubic = jnp.clip(resize(lr, scale), 0, 1)
    ours, theirs = (float(psnr(photograph(), x, border=scale)) for x in (estimate, bicubic))
    assert ours > theirs + 1.0


def test_serves_three_scales_in_six_megabytes():
    assert {WEIGHTS[name].serves for name in OWN} == {(2,), (3,), (4,)}
    files = [weights_module._path(WEIGHTS[name]) for name in OWN]
    assert sum(file.stat().st_size for file in files) <= 6e6
    assert {WEIGHTS[name].licence for name in OWN} == {"Apache-2.0"}
