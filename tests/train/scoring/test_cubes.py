"""Cubes under noise: figures of the fact sheet, cases, spectra, and what is refused."""

import jax
import numpy as np
import pytest
from skimage.metrics import structural_similarity

from imaging_jax.models.hyperspectral import QRNN3D, SSCANet
from train.data.data_set import Stacked
from train.data.data_sets import data_set
from train.data.fields import Field
from train.scoring.evaluation import evaluate
from train.scoring.metrics import METRICS
from train.scoring.protocols import PROTOCOLS
from train.systems.catalogue import system
from train.tasks import CubeDenoising

MADE = "made_cubes_test:16:12"


def scored(name, images, protocol, value):
    return evaluate(system(name), data_set(images), PROTOCOLS[protocol], value).values


# Rank, MPSNR in dB, spectral angle in degrees.
@pytest.mark.parametrize(
    ("name", "mpsnr", "angle"),
    [
        ("identity", 14.156, 48.90),
        ("svd:2", 32.946, 10.99),
        ("svd:3", 31.539, 12.57),
        ("svd:4", 29.987, 15.23),
        ("svd:6", 28.035, 18.92),
        pytest.param("hsid_cnn_sigma50", 33.897, 8.34, marks=pytest.mark.slow),
    ],
)
def test_samson_at_level_50(imaging_data, monkeypatch, name, mpsnr, angle):
    monkeypatch.setenv("IMAGING_DATA", str(imaging_data))
    found = scored(name, "samson", "cube_noise", 50)
    assert found["mpsnr"] == pytest.approx(mpsnr, abs=0.001)
    assert found["sam"] == pytest.approx(angle, abs=0.006)


def test_made_cubes_are_of_low_rank_and_in_range():
    for name in ("made_cubes:16:12", MADE):
        for item in data_set(name).arrays["image"]:
            assert 0 <= item.min() < item.max() <= 1
            singular = np.linalg.svd(item.reshape(-1, 12), compute_uv=False)
            assert singular[6] < 1e-5 * singular[0] < singular[2]
    held_back = data_set("made_cubes:16:12").arrays["image"]
    assert np.abs(held_back - data_set(MADE).arrays["image"]).max() > 0.1


# LRMR takes the largest deviations for impulses, which white noise has none of.
@pytest.mark.parametrize(
    ("name", "gain"),
    [("svd:3", 4), ("lrmr:3", 2), ("lrtv:3:0.03", 4), ("nmog:3", 4), ("tdl:50", 4)],
)
def test_classical_methods_gain_on_white_noise(name, gain):
    before, after = (scored(n, MADE, "cube_noise", 50) for n in ("identity", name))
    assert after["mpsnr"] > before["mpsnr"] + gain
    assert after["sam"] < before["sam"]


def test_cases_are_repeatable_and_differ_by_cube():
    protocol, dataset = PROTOCOLS["cube_cases"], data_set(MADE)
    first, again, other = (protocol.inputs(dataset, [index], 5)[0]["image"] for index in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    noise = [x[0] - dataset[i]["image"] for i, x in enumerate((first, other))]
    assert np.abs(noise[0] - noise[1]).max() > 0.1


def test_the_mean_similarity_is_that_of_the_bands_one_by_one():
    generator = np.random.default_rng(0)
    x, y = generator.random((2, 1, 12, 14, 5))
    bands = [structural_similarity(x[0, ..., i], y[0, ..., i], data_range=1) for i in range(5)]
    assert METRICS["mssim"].function(x, y)[0] == pytest.approx(np.mean(bands), rel=1e-12)


def test_spectra_are_shown_beside_false_colours():
    shown = PROTOCOLS["cube_noise"].show(system("svd:3"), data_set(MADE), 50, 2)
    assert set(shown.pictures) == {"0", "1", "0_spectra", "1_spectra"}
    for picture in shown.pictures.values():
        assert picture.dtype == np.uint8
        assert picture.std() > 0


@pytest.mark.parametrize(
    ("name", "images", "protocol", "value", "message"),
    [
        ("svd:3", "scikit_image", "cube_cases", 1, "wants cube of"),
        ("svd:3", MADE, "cube_cases", 6, "case=6: wanted 1 to 5"),
        ("svd:0", MADE, "cube_cases", 1, "svd:0: wanted a rank"),
        ("lrtv:3", MADE, "cube_cases", 1, "wanted a positive weight"),
        ("tdl:-1", MADE, "cube_noise", 50, "tdl:-1: wanted a level"),
        ("made_cubes", "made_cubes:3", "cube_noise", 50, "made_cubes"),
        ("edsr_light_x2", MADE, "cube_noise", 50, "image is cube"),
    ],
)
def test_what_does_not_fit_is_named(name, images, protocol, value, message):
    with pytest.raises(ValueError, match=message):
        scored(name, images, protocol, value)


def test_levels_and_bands_that_weights_do_not_serve_are_refused(imaging_data, monkeypatch):
    monkeypatch.setenv("IMAGING_DATA", str(imaging_data))
    with pytest.raises(ValueError, match="sigma=25: hsid_cnn_sigma50 serves"):
        scored("hsid_cnn_sigma50", MADE, "cube_noise", 25)
    with pytest.raises(ValueError, match="at least 24 bands, got 12"):
        scored("hsid_cnn_sigma50", MADE, "cube_noise", 50)


def test_a_fixed_number_of_bands_is_checked():
    field = Field((8, 8, 5), "float32", "cube", (0.0, 1.0))
    cubes = Stacked("five", {"image": field}, {"image": np.zeros((1, 8, 8, 5), np.float32)})
    ours = system("svd:2")
    fixed = {"image": Field((None, None, 4), "float32", "cube", (0.0, 1.0))}
    ours = type(ours)(**{**ours.__dict__, "takes": fixed})
    with pytest.raises(ValueError, match="five: image is cube of"):
        PROTOCOLS["cube_noise"].check(ours, cubes, 50)


def test_every_case_is_learnt_from_whatever_the_batch():
    network = SSCANet(features=(2, 4, 8))
    optimizer = {"name": "adam", "schedule": {"name": "constant", "peak": 1e-3}}
    task = CubeDenoising(network, optimizer, 1, 12, cases=(3, 4))
    cubes = {"image": np.full((40, 8, 30, 12), 0.5, np.float32)}
    ((noisy,), _) = task.pair(jax.random.key(0), cubes)
    dead = (np.asarray(noisy) == 0).all(axis=1).any(axis=(1, 2))
    salt = (np.asarray(noisy) == 1).any(axis=(1, 2, 3))
    assert (dead ^ salt).all()
    assert 8 < dead.sum() < 32


@pytest.mark.parametrize("network", [QRNN3D(features=2), SSCANet(features=(2, 4, 8))])
def test_networks_that_depend_on_the_size_are_not_cut(network):
    optimizer = {"name": "adam", "schedule": {"name": "constant", "peak": 1e-3}}
    assert "size" in CubeDenoising(network, optimizer, 1, 12, sigma=(50.0, 50.0)).whole
