"""Plug-and-play with published denoisers: the fact sheet's figures, to its digits."""

import pytest

from train.data.data_sets import data_set
from train.scoring.evaluation import evaluate
from train.scoring.protocols import PROTOCOLS
from train.systems.catalogue import system

# Degradation, PSNR degraded and restored: means over Set12's first seven images, then
# those of the cameraman alone.
DEBLURRING = [
    ("gaussian_1.6_noise_2", 24.149, 29.272, 27.75),
    ("gaussian_1.6_noise_2.55", 24.102, 28.873, 27.41),
    ("gaussian_1.6_noise_7.65", 23.251, 27.033, 25.72),
    ("box_9_noise_2.55", 20.974, 27.820, 27.02),
    ("box_9_noise_7.65", 20.543, 25.144, 24.46),
    ("diagonal_15_noise_2.55", 19.307, 29.540, 29.00),
    ("diagonal_15_noise_7.65", 19.012, 25.439, 24.85),
]
# Image, mask, zero-filling, SimpleCNN, RealSN-SimpleCNN.
RECONSTRUCTION = [
    ("Brain", "random", 9.596, 16.675, 17.767),
    ("Brain", "radial", 9.294, 16.831, 17.004),
    ("Brain", "cartesian", 8.666, 13.034, 12.727),
    ("Bust", "random", 7.024, 12.558, 14.891),
]


@pytest.fixture(autouse=True)
def published(imaging_data, monkeypatch):
    monkeypatch.setenv("IMAGING_DATA", str(imaging_data))


def scored(name, images, protocol, value=None):
    return evaluate(system(name), data_set(images), PROTOCOLS[protocol], value)


def deblurred(name, degradation, images):
    return scored(name, images, f"{degradation}_one_seed", 1)


def test_ffdnet_deblurs_the_cameraman():
    degradation, _, _, decibel = DEBLURRING[5]
    found = deblurred(f"pnp_hqs:{degradation}:ffdnet_gray", degradation, "set12/01")
    assert found.values["psnr"] == pytest.approx(decibel, abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize(("degradation", "degraded", "restored", "cameraman"), DEBLURRING)
def test_ffdnet_deblurs(degradation, degraded, restored, cameraman):
    before = deblurred("identity", degradation, "set12_small")
    after = deblurred(f"pnp_hqs:{degradation}:ffdnet_gray", degradation, "set12_small")
    assert before.values["psnr"] == pytest.approx(degraded, abs=0.002)
    assert after.values["psnr"] == pytest.approx(restored, abs=0.01)
    assert after.per_item[0]["psnr"] == pytest.approx(cameraman, abs=0.01)


@pytest.mark.parametrize(("name", "mask", "decibel"), [row[:3] for row in RECONSTRUCTION])
def test_zero_filling_keeps_what_was_measured(name, mask, decibel):
    found = scored("zero_filled", f"mri/{name}", f"mri_{mask}_30")
    assert found.values["energy_ratio"] == pytest.approx(decibel, abs=0.002)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "mask", "zero_filled", "simple", "realsn"), RECONSTRUCTION)
def test_douglas_rachford_reconstructs(name, mask, zero_filled, simple, realsn):
    del zero_filled
    found = [
        scored(f"pnp_douglas_rachford:{weights}", f"mri/{name}", f"mri_{mask}_30")
        for weights in ("simple_cnn_sigma15", "realsn_simple_cnn_sigma15")
    ]
    ratios = [evaluation.values["energy_ratio"] for evaluation in found]
    assert ratios == pytest.approx([simple, realsn], abs=0.02)


@pytest.mark.slow
def test_linear_demosaicing_of_kodak_is_that_of_the_tables(imaging_data):
    # 35.78 dB is printed of MATLAB's, which computes in 8 bits; by colours.
    found = scored("given:bayer", "kodak24", "bayer", 1)
    assert found.values["mpsnr"] == pytest.approx(35.78, abs=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("solver", ["pnp_admm", "red"])
def test_other_splittings_deblur(solver):
    degradation = "gaussian_1.6_noise_2"
    before = deblurred("identity", degradation, "set12/01")
    after = deblurred(f"{solver}:{degradation}:ffdnet_gray", degradation, "set12/01")
    assert after.values["psnr"] > before.values["psnr"] + 2


def test_the_closed_form_enlarges():
    name = "gaussian_1.6_x2"
    protocol = f"{name}_one_seed"
    before = scored(f"given:{name}", "set12/01", protocol, 2)
    after = scored(f"pnp_hqs:{name}:ffdnet_gray", "set12/01", protocol, 2)
    assert after.values["psnr"] > before.values["psnr"] + 3


@pytest.mark.parametrize(
    ("name", "protocol", "message"),
    [
        ("red:bayer:ffdnet_color", "bayer", "red:bayer: wanted a degradation with noise"),
        ("given:gaussian_1.6_x2", "bayer", "undoes gaussian_1.6_x2"),
        ("pnp_hqs:jpeg_20:ffdnet_gray", "bayer", "no linear operator"),
        ("pnp_hqs:bayer:ffdnet", "bayer", "ffdnet_gray"),
        ("bicubic", "gaussian_1.6_x2_one_seed", "wants 2"),
    ],
)
def test_what_does_not_fit_is_named(name, protocol, message):
    with pytest.raises(ValueError, match=message):
        scored(name, "set12/01", protocol, 1)
