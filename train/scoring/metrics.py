"""Metrics by name: function, format and direction, once for console, tables and selection."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
from skimage.filters import sobel
from skimage.metrics import structural_similarity

from imaging_jax import metrics, pretrained
from imaging_jax.data_root import under_data
from imaging_jax.losses import gram_matrix, mrae
from imaging_jax.operators import round_to_8bit
from imaging_jax.transforms import luminance
from train.systems.equal_tiles import in_equal_tiles

# Pixels a side of SSIM's window.
_WINDOW = 11
# dB above which an image whose phase was lost counts as found.
_FOUND = 40


@dataclass(frozen=True)
class Metric:
    """One figure of a score.

    Attributes:
      format: how it is written, with what it is called where that isn't understood.
      larger_is_better: None where neither is.
      function: (reference, estimate (N, H, W, C) in float64) -> (N,), where it is taken of pairs
        of images; None where a protocol takes it of a whole set.
    """

    format: str
    larger_is_better: bool | None
    function: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None


def _psnr(reference, estimate):
    # On the host, as its mean is over any number of pixels: `imaging_jax.metrics.psnr` is compiled
    # for every size.
    with np.errstate(divide="ignore"):
        return -10 * np.log10(_mse(reference, estimate))


def _mpsnr(reference, estimate):
    """The mean of the bands' own."""
    with np.errstate(divide="ignore"):
        by_band = -10 * np.log10(np.mean((reference - estimate) ** 2, axis=(1, 2)))
    return by_band.mean(axis=-1)


@jax.jit
def _psnr_b(reference, estimate):
    return metrics.psnr_b(reference, estimate)


@jax.jit
def _spectral_angle(reference, estimate):
    return metrics.spectral_angle(reference, estimate)


def _mse(reference, estimate):
    return np.mean(np.abs(reference - estimate) ** 2, axis=(1, 2, 3))


def _rmse(reference, estimate):
    return np.sqrt(_mse(reference, estimate))


@jax.jit
def _mrae(reference, estimate):
    """The loss of this name, of each pair."""
    return jax.vmap(mrae)(estimate, reference)


def _bias(reference, estimate):
    return np.mean(estimate - reference, axis=(1, 2, 3))


def _mae(reference, estimate):
    return np.mean(np.abs(reference - estimate), axis=(1, 2, 3))


def _uniform_ssim(reference, estimate, data_range):
    """By windows of 7x7 pixels of equal weight, as scikit-image takes it.

    A data range of 2 is what it once took of floats by default, and phase retrieval with it.
    """
    values = [
        structural_similarity(x, y, data_range=data_range, channel_axis=-1)
        for x, y in zip(reference, estimate, strict=True)
    ]
    return np.asarray(values)


def _recovered(reference, estimate):
    return (_psnr(reference, estimate) > _FOUND).astype(np.float64)


def _energy_ratio(reference, estimate):
    energy, error = (
        np.sum(np.abs(x) ** 2, axis=(1, 2, 3)) for x in (reference, reference - estimate)
    )
    return _decibels(energy, error)


def _decibels(energy, error):
    with np.errstate(divide="ignore"):
        return 10 * np.log10(energy / error)


def _ssim(reference, estimate):
    if min(reference.shape[1:3]) < _WINDOW:
        raise ValueError(
            f"images: SSIM takes at least {_WINDOW} pixels a side without the border, "
            f"got {reference.shape}"
        )
    index = in_equal_tiles(_similarity, reference, estimate, lost=_WINDOW - 1)
    return index.mean(axis=(1, 2, 3))


_similarity = jax.jit(metrics.ssim_map)


def _niqe_of_estimate(reference, estimate):
    del reference
    return metrics.niqe(round_to_8bit(estimate), _pristine())


@cache
def _pristine() -> metrics.NIQEModel:
    path = under_data("weights/niqe_pris_params.npz", "NIQE's model of pristine images")
    return metrics.niqe_model(pretrained.read(path))


def _regressed_snr(reference, estimate):
    """Of the estimate scaled and shifted such that it fits best, in dB (Jin et al., 2017)."""
    values = []
    for x, y in zip(reference, estimate, strict=True):
        design = np.stack([y.ravel(), np.ones(y.size)], axis=1)
        fitted = design @ np.linalg.lstsq(design, x.ravel())[0]
        values.append(_decibels(np.sum(x**2), np.sum((x.ravel() - fitted) ** 2)))
    return np.asarray(values)


@jax.jit
def _average_gradient_of_estimate(reference, estimate):
    del reference
    return metrics.average_gradient(estimate)


def _gram_distance(style, estimate):
    """Frobenius' norm between Gram matrices over that of the style's, in float32.

    The mean over "relu1_1" to "relu4_1" of a small copy of VGG-19; 0 is the style itself.
    """
    ours, wanted = (_grams()(jnp.asarray(x, jnp.float32)) for x in (estimate, style))
    norm = partial(jnp.linalg.norm, axis=(-2, -1))
    return np.mean([norm(a - b) / norm(b) for a, b in zip(ours, wanted, strict=True)], axis=0)


@cache
def _grams() -> Callable[[jax.Array], list[jax.Array]]:
    features = pretrained.load_features("distilled_vgg19_4")

    def grams(images):
        maps = features(images)
        return [gram_matrix(maps[f"relu{block}_1"]) for block in range(1, 5)]

    return jax.jit(grams)


def _edge_correlation(reference, estimate):
    """Pearson's, of what Sobel's filter makes of both luminances; 0 where one has no edges."""
    edges = [
        [sobel(np.asarray(grey)[..., 0]).ravel() for grey in luminance(jnp.asarray(images))]
        for images in (reference, estimate)
    ]
    return np.asarray([_correlation(*pair) for pair in zip(*edges, strict=True)])


def _correlation(x, y):
    flat = min(x.std(), y.std()) == 0
    return 0.0 if flat else np.corrcoef(x, y)[0, 1]


METRICS = {
    # Of pairs of images.
    "psnr": Metric("{:.2f}", True, _psnr),
    # Of several frames made one, blind to brightness, shift and clouds; and the challenge's
    # baseline over it.
    "cpsnr": Metric("cPSNR {:.2f}", True),
    "proba_v_score": Metric("score {:.4f}", False),
    # Of hidden pixels predicted from those around, of 255.
    "blind_error": Metric("blind error {:.3f}", False),
    # Of bands, or of colours one by one.
    "mpsnr": Metric("MPSNR {:.2f}", True, _mpsnr),
    # Visible blocks of JPEG count.
    "psnr_b": Metric("PSNR-B {:.2f}", True, _psnr_b),
    "ssim": Metric("{:.4f}", True, _ssim),
    "mssim": Metric("MSSIM {:.4f}", True, partial(_uniform_ssim, data_range=1)),
    # In degrees.
    "sam": Metric("SAM {:.2f}°", False, _spectral_angle),
    "mse": Metric("MSE {:.4f}", False, _mse),
    "mae": Metric("MAE {:.4f}", False, _mae),
    "mrae": Metric("MRAE {:.4f}", False, _mrae),
    "rmse": Metric("RMSE {:.4f}", False, _rmse),
    # Of estimates less references.
    "bias": Metric("bias {:+.4f}", None, _bias),
    # Without the bias; the share of the variance explained; 1 - MSE / MSE of a reference.
    "ubrmse": Metric("ubRMSE {:.4f}", False),
    "r2": Metric("R² {:.3f}", True),
    "skill": Metric("skill {:.3f}", True),
    "correlation": Metric("R {:.3f}", True),
    # Where plants hold up to 1, 1 to 3, and 3 to 5 kg/m² of water.
    "rmse_sparse": Metric("(sparse {:.4f}", False),
    "rmse_middle": Metric("middle {:.4f}", False),
    "rmse_dense": Metric("dense {:.4f})", False),
    "ssim_range_2": Metric("SSIM (range 2) {:.4f}", True, partial(_uniform_ssim, data_range=2)),
    "ssim_range_1": Metric("(range 1) {:.4f}", True, partial(_uniform_ssim, data_range=1)),
    # Of images whose phase was lost: the share found to 40 dB.
    "recovered": Metric("recovered {:.0%}", True, _recovered),
    # In dB, whatever scale and shift an estimate has.
    "regressed_snr": Metric("SNR {:.2f}", True, _regressed_snr),
    # In dB; the images may be complex.
    "energy_ratio": Metric("energy ratio {:.2f}", True, _energy_ratio),
    "average_gradient": Metric("AG {:.3f}", None, _average_gradient_of_estimate),
    # Of a painting and a picture that should look like it; of a photograph and that picture.
    "gram_distance": Metric("Gram {:.3f}", False, _gram_distance),
    "edge_correlation": Metric("edges {:.3f}", True, _edge_correlation),
    "niqe": Metric("NIQE {:.3f}", False, _niqe_of_estimate),
    "lpips": Metric("LPIPS {:.3f}", False),
    "pi": Metric("PI {:.3f}", False),
    # Of autoencoders.
    "squared_error": Metric("error {:.2f}", False),
    "negative_elbo": Metric("-ELBO {:.2f}", False),
    "bce": Metric("BCE {:.3f}", False),
    "kl_nats": Metric("KL {:.3f}", None),
    "judged_right": Metric("judged right {:.2%}", True),
    "mean_activation": Metric("mean activation {:.3f}", None),
    "sparse_units": Metric("sparse units {:.0%}", None),
    # Of classifiers.
    "accuracy": Metric("accuracy {:.2%}", True),
    "bits_per_character": Metric("{:.4f} bits a character", False),
    "top_5_accuracy": Metric("top five {:.2%}", True),
    "calibration_error": Metric("calibration error {:.4f}", False),
    "cross_entropy": Metric("cross-entropy {:.4f}", False),
    # Of captions; facts are what the words of a generated set tell.
    "cider_d": Metric("CIDEr-D {:.4f}", True),
    "bleu_1": Metric("BLEU-1 {:.4f}", True),
    "bleu_2": Metric("-2 {:.4f}", True),
    "bleu_3": Metric("-3 {:.4f}", True),
    "bleu_4": Metric("-4 {:.4f}", True),
    "rouge_l": Metric("ROUGE-L {:.4f}", True),
    "facts_right": Metric("facts right {:.1%}", True),
    "perplexity": Metric("perplexity {:.2f}", False),
    # Of masks and maps of classes.
    "f1_2px": Metric("F1 (2 px) {:.4f}", True),
    "precision_2px": Metric("P {:.4f}", True),
    "recall_2px": Metric("R {:.4f}", True),
    "f1_5px": Metric("F1 (5 px) {:.4f}", True),
    "precision_5px": Metric("P {:.4f}", True),
    "recall_5px": Metric("R {:.4f}", True),
    "v_rand": Metric("V^Rand {:.4f}", True),
    "v_info": Metric("V^Info {:.4f}", True),
    "border_iou": Metric("IoU of borders {:.4f}", True),
    "iou": Metric("IoU {:.4f}", True),
    "mean_iou": Metric("mean IoU {:.4f}", True),
    "pixel_error": Metric("pixel error {:.4f}", False),
    # Of probes of frozen codes.
    "ridge_accuracy": Metric("ridge {:.2%}", True),
    "logistic_accuracy": Metric("logistic {:.2%}", True),
    "neighbour_accuracy": Metric("20 neighbours {:.2%}", True),
    # Of maps of change, over all thresholds; beside them the share of what has changed.
    "auprc": Metric("AUPRC {:.4f}", True),
    "average_precision": Metric("average precision {:.4f}", True),
    "f1": Metric("best F1 {:.4f}", True),
    "precision_at_full_recall": Metric("precision at full recall {:.4f}", True),
    "prevalence": Metric("changed {:.4f}", None),
    # Of what is found by an image.
    "mean_average_precision": Metric("mAP {:.4f}", True),
    "precision_at_1": Metric("P@1 {:.4f}", True),
    "precision_at_3": Metric("P@3 {:.4f}", True),
    "precision_at_10": Metric("P@10 {:.4f}", True),
    "anmrr": Metric("ANMRR {:.4f}", False),
    # Of prompts: of the mask ranked first, of the best, and how often the first is the best.
    "mask_iou": Metric("IoU {:.4f}", True),
    "oracle_iou": Metric("best of three {:.4f}", True),
    "ranked_right": Metric("ranked right {:.1%}", True),
    "ranked_near": Metric("within 0.01 {:.1%}", True),
    # Of generators.
    "fid": Metric("FID {:.1f}", False),
    "modes": Metric("{:.0f} modes", True),
    "kl": Metric("KL {:.4f}", False),
    "confidence": Metric("confidence {:.3f}", True),
    "class_accuracy": Metric("class {:.2%}", True),
    "kid": Metric("KID {:.1f}", False),
    "inception_score": Metric("IS {:.2f}", True),
    "precision": Metric("precision {:.3f}", True),
    "recall": Metric("recall {:.3f}", True),
    "main_class": Metric("main class {:.0f}", None),
    "main_share": Metric("its share {:.2%}", None),
    "pixel_deviation": Metric("deviation {:.3f}", None),
}


def measure(
    names: tuple[str, ...], reference: np.ndarray, estimate: np.ndarray, border: int
) -> dict[str, np.ndarray]:
    """Takes the metrics of these names of pairs of images: {name: values (N,)}.

    Raises:
      ValueError: nothing is left within the border, or too little for a metric.
    """
    height, width = reference.shape[1:3]
    if min(height, width) <= 2 * border:
        raise ValueError(
            f"images: nothing is left of {reference.shape} without a border of {border} pixels"
        )
    inside = np.s_[:, border : height - border, border : width - border]
    with jax.enable_x64(True):
        return {
            name: np.asarray(METRICS[name].function(reference[inside], estimate[inside]))
            for name in names
        }


def check_measurable(names: tuple[str, ...]) -> None:
    """Raises a ValueError where a metric of these names lacks what it needs on this machine."""
    if "niqe" in names:
        _pristine()
    if "gram_distance" in names:
        _grams()


def words(values: Mapping[str, float], separator: str = " / ") -> str:
    """Writes values by their metrics' formats, in the order of METRICS.

    Raises:
      ValueError: a value that isn't among METRICS.
    """
    unknown = [name for name in values if name not in METRICS]
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: no metric of that name has a format in METRICS")
    return separator.join(
        metric.format.format(values[name]) for name, metric in METRICS.items() if name in values
    )


def quality(name: str, value: float) -> float:
    """A value such that larger is better; minus infinity for none."""
    if value != value:
        return float("-inf")
    return value if METRICS[name].larger_is_better else -value
