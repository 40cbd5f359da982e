"""Solvers as systems, of blurred images and of complex spectra."""

import jax
import numpy as np
import pytest
from scipy import ndimage

from train.data import degradations
from train.data.data_sets import data_set
from train.data.fields import PICTURE, SPECTRUM, as_numbers
from train.data.presets import DEBLURRING
from train.scoring.evaluation import evaluate
from train.scoring.metrics import measure
from train.scoring.protocols import PROTOCOLS
from train.systems.catalogue import system
from train.systems.compiled import compiled

RNG = np.random.default_rng(0)
COMPLEX = (RNG.random((1, 8, 6, 1)) + 1j * RNG.random((1, 8, 6, 1))).astype(np.complex64)


def test_complex_numbers_are_never_cast_to_real_ones():
    same = compiled(lambda variables, inputs: inputs, {"image": PICTURE}, {"image": PICTURE})
    for cast in (
        lambda: same({}, {"image": COMPLEX}),
        lambda: system("given:motion_15").apply({"image": COMPLEX}, scale=1),
        lambda: system("fista_tv:motion_15:0.01").apply({"image": COMPLEX}, scale=1),
    ):
        with pytest.raises(ValueError, match="image: got complex numbers, wanted float32"):
            cast()
    kept = as_numbers("spectrum", COMPLEX.astype(np.complex128), SPECTRUM)
    np.testing.assert_array_equal(kept, COMPLEX, strict=True)


def test_spectra_pass_through_compiled_programs():
    fields = {"spectrum": SPECTRUM}
    turned = compiled(lambda variables, x: {"spectrum": 1j * x["spectrum"]}, fields, fields)
    found = np.asarray(turned({}, {"spectrum": COMPLEX})["spectrum"])
    np.testing.assert_allclose(found, 1j * COMPLEX, rtol=1e-6)


def test_the_energy_ratio_of_complex_images():
    reference = np.full((1, 4, 4, 1), 2.0)
    # An error of |0.3 + 0.4i| = 0.5 everywhere: 16 times less energy than 2 squared is.
    found = measure(("energy_ratio", "psnr"), reference, reference + (0.3 + 0.4j), 0)
    assert found["energy_ratio"] == pytest.approx(10 * np.log10(16))
    assert found["psnr"] == pytest.approx(10 * np.log10(4))


@pytest.mark.parametrize("prior", ["fista_tv", "fista_wavelet", "fista_cycle_spinning"])
def test_classical_priors_complete_spectra(prior):
    rows, columns = np.mgrid[:64, :64]
    magnitude = 0.8 * ((rows - 30) ** 2 + (columns - 34) ** 2 < 400)
    x = (magnitude * np.exp(1j * rows / 20))[None, ..., None]
    mask = np.random.default_rng(0).random((1, 64, 64)) < 0.4
    low = np.abs(np.fft.fftfreq(64, 1 / 64)) < 8
    mask |= low[:, None] & low
    spectrum = np.fft.fft2(x, axes=(1, 2), norm="ortho") * mask[..., None]
    inputs = {"spectrum": spectrum, "mask": mask}
    errors = [
        np.mean((np.abs(np.asarray(system(name).apply(inputs)["image"])) - np.abs(x)) ** 2)
        for name in ("zero_filled", f"{prior}:mri:0.01")
    ]
    assert errors[1] < errors[0] / 3


@pytest.mark.parametrize("degradation", ["gaussian_1.6_noise_2", "box_9_noise_7.65"])
def test_one_seed_blurs_as_scipy_and_gives_every_image_numpy_s_noise(degradation):
    kernel, _, level = degradation.partition("_noise_")
    images = data_set("dead_leaves")
    protocol = PROTOCOLS[f"{degradation}_one_seed"]
    inputs, reference = protocol.inputs(images, [0, 1], 1)
    filters = {
        "gaussian_1.6": lambda x: ndimage.gaussian_filter(x, 1.6, radius=12, mode="wrap"),
        "box_9": lambda x: ndimage.uniform_filter(x, 9, mode="wrap"),
    }
    noise = float(level) / 255 * np.random.RandomState(0).randn(*reference.shape[1:])
    for measured, x in zip(inputs["image"], reference, strict=True):
        bands = [filters[kernel](x[..., band]) for band in range(x.shape[-1])]
        np.testing.assert_allclose(measured, np.stack(bands, axis=-1) + noise, atol=1e-6)
    assert protocol.border(1) == 0


@pytest.mark.parametrize("degradation", DEBLURRING)
def test_the_operator_of_a_blur_is_what_measures(degradation):
    x = np.random.default_rng(1).random((32, 40, 1)).astype(np.float32)
    _, level = degradation.split("_noise_")
    assert degradations.noise_level(degradation) * 255 == pytest.approx(float(level))
    clean = degradations.linear_operator(degradation, x)(x)
    noisy = degradations.degrade(jax.random.key(0), x, degradation, 1)
    assert np.std(noisy - clean) * 255 == pytest.approx(float(level), rel=0.1)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("pnp_hqs:jpeg_20:ffdnet_gray", "jpeg_20 has no linear operator"),
        ("pnp_hqs:mri:ffdnet_gray", "the degradation of pnp_hqs='mri' is unknown"),
        ("pnp_hqs:motion_15:ffdnet_grey", "the denoiser of pnp_hqs='ffdnet_grey' is unknown"),
        ("pnp_hqs:motion_15:edsr_light_x2", "the denoiser of pnp_hqs='edsr_light_x2' is unknown"),
        ("pnp_douglas_rachford:", "the denoiser of pnp_douglas_rachford='' is unknown"),
        ("fista_tv:mrt:0.1", "the degradation of fista_tv='mrt' is unknown"),
    ],
)
def test_what_does_not_fit_a_solver_is_named(name, message):
    with pytest.raises(ValueError, match=message):
        system(name)


def test_a_denoiser_told_its_level_is_no_prior_of_the_authors_splitting(imaging_data):
    with pytest.raises(ValueError, match="wanted a denoiser trained for one level"):
        system("pnp_douglas_rachford:ffdnet_gray")


def test_protocols_refuse_what_was_not_measured_for_them():
    leaves = data_set("dead_leaves")
    with pytest.raises(ValueError, match="wants one that takes spectrum, mask"):
        evaluate(system("bicubic"), leaves, PROTOCOLS["mri_random_30"])
    with pytest.raises(ValueError, match="undoes motion_15; the protocol box_9_noise"):
        evaluate(system("given:motion_15"), leaves, PROTOCOLS["box_9_noise_2.55_one_seed"], 1)


def test_the_wrong_size_of_a_spectrum_is_named(imaging_data):
    with pytest.raises(ValueError, match=r"set12/08: wanted images \(256, 256, 1\), got \(512"):
        evaluate(system("zero_filled"), data_set("set12"), PROTOCOLS["mri_random_30"])
