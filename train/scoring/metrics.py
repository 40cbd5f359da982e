"""Metrics by name: function, format and direction, once for console, tables and selection."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial

import jax

from imaging_jax import metrics, pretrained
from imaging_jax.data_root import under_data
from imaging_jax.operators import round_to_8bit, shave


@dataclass(frozen=True)
class Metric:
    """One figure of a score.

    Attributes:
      format: how it is written, with what it is called where that isn't understood.
      larger_is_better: None where neither is.
      function: (reference, estimate (N, H, W, C), border) -> (N,), where it is taken of pairs of
        images; None where a protocol takes it of a whole set.
    """

    format: str
    larger_is_better: bool | None
    function: Callable[..., jax.Array] | None = None


def _niqe_of_estimate(reference, estimate, border):
    del reference
    return metrics.niqe(shave(round_to_8bit(estimate), border), _pristine())


@cache
def _pristine() -> metrics.NIQEModel:
    path = under_data("weights/niqe_pris_params.npz", "NIQE's model of pristine images")
    return metrics.niqe_model(pretrained.read(path))


@partial(jax.jit, static_argnames="border")
def _average_gradient_of_estimate(reference, estimate, border):
    del reference
    return metrics.average_gradient(shave(estimate, border))


METRICS = {
    # Of pairs of images.
    "psnr": Metric("{:.2f}", True, jax.jit(metrics.psnr, static_argnames="border")),
    "ssim": Metric("{:.4f}", True, jax.jit(metrics.ssim, static_argnames="border")),
    "average_gradient": Metric("AG {:.3f}", None, _average_gradient_of_estimate),
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
    "cross_entropy": Metric("cross-entropy {:.4f}", False),
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
    names: tuple[str, ...], reference: jax.Array, estimate: jax.Array, border: int
) -> dict[str, jax.Array]:
    """Takes the metrics of these names of pairs of images: {name: values (N,)}."""
    return {name: METRICS[name].function(reference, estimate, border=border) for name in names}


def check_measurable(names: tuple[str, ...]) -> None:
    """Raises a ValueError where a metric of these names lacks what it needs on this machine."""
    if "niqe" in names:
        _pristine()


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
