"""JPEG by quality: the fact sheet's figures of what files hold, and of a denoiser on them."""

import jax.numpy as jnp
import numpy as np
import pytest

from imaging_jax.metrics import psnr_b
from train.data.data_sets import data_set
from train.scoring.evaluation import evaluate
from train.scoring.protocols import PROTOCOLS
from train.systems.catalogue import system


def scored(name, images, quality):
    return evaluate(system(name), data_set(images), PROTOCOLS["jpeg"], quality).values


# PSNR and PSNR-B of Set12.
@pytest.mark.parametrize(
    ("quality", "psnr", "blocky"),
    [
        (10, 27.651, 24.812),
        pytest.param(20, 30.010, 27.256, marks=pytest.mark.slow),
        pytest.param(30, 31.375, 28.732, marks=pytest.mark.slow),
        pytest.param(40, 32.322, 29.774, marks=pytest.mark.slow),
    ],
)
def test_what_files_of_set12_hold(imaging_data, monkeypatch, quality, psnr, blocky):
    monkeypatch.setenv("IMAGING_DATA", str(imaging_data))
    found = scored("identity", "set12", quality)
    assert found["psnr"] == pytest.approx(psnr, abs=0.002)
    assert found["psnr_b"] == pytest.approx(blocky, abs=0.002)


@pytest.mark.slow
@pytest.mark.parametrize(("sigma", "decibel"), [(10, 28.692), (15, 28.831), (20, 28.604)])
def test_a_denoiser_of_one_level_takes_blocks_away(imaging_data, monkeypatch, sigma, decibel):
    monkeypatch.setenv("IMAGING_DATA", str(imaging_data))
    found = scored(f"at_level:ffdnet_gray:{sigma}", "set12_small", 10)
    assert found["psnr"] == pytest.approx(decibel, abs=0.003)


def test_blocks_are_counted_as_by_a_loop(x64):
    x, y = np.random.default_rng(0).random((2, 20, 17, 1))
    borders, others = [], []
    for row in range(20):
        for column in range(17):
            if row + 1 < 20:
                pairs = borders if (row + 1) % 8 == 0 else others
                pairs.append((y[row, column, 0] - y[row + 1, column, 0]) ** 2)
            if column + 1 < 17:
                pairs = borders if (column + 1) % 8 == 0 else others
                pairs.append((y[row, column, 0] - y[row, column + 1, 0]) ** 2)
    blocking = max(np.mean(borders) - np.mean(others), 0) * 3 / np.log2(17)
    wanted = -10 * np.log10(np.mean((x - y) ** 2) + blocking)
    assert psnr_b(jnp.asarray(x), jnp.asarray(y)) == pytest.approx(wanted, rel=1e-12)
    # Blocks of one grey each have all their differences at borders.
    blocks = np.kron(np.random.default_rng(1).random((2, 3)), np.ones((8, 8)))[..., None]
    assert psnr_b(jnp.asarray(blocks), jnp.asarray(blocks)) < 20


@pytest.mark.parametrize(
    ("name", "quality", "message"),
    [
        ("identity", 101, "quality=101: wanted 1 to 100"),
        ("edsr_light_x2", 20, "serves"),
        ("at_level:bicubic:5", 20, "not by sigma"),
        ("at_level:drunet_light_gray:0", 20, "wanted a level of noise"),
    ],
)
def test_what_does_not_fit_is_named(name, quality, message):
    with pytest.raises(ValueError, match=message):
        scored(name, "scikit_image", quality)
