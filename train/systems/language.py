"""Language models in closed form, as systems."""

import numpy as np

from imaging_jax.models.language import fit_kneser_ney
from train.data.data_sets import data_set
from train.data.fields import Field
from train.systems.system import Origin, System


def kneser_ney(order: str, text: str) -> System:
    """Grams of so many tokens of a text, smoothed by modified Kneser-Ney.

    Raises:
      ValueError: an order that is no positive whole number, or a set that is no text.
    """
    name = f"kneser_ney:{order}:{text}"
    if not order.isdigit():
        raise ValueError(f"{name}: wanted an order and a text")
    fitted = data_set(text)
    if "tokens" not in fitted.fields:
        raise ValueError(f"{name}: {text} is no text")
    vocabulary_size = int(fitted.fields["tokens"].range[1])
    (item,) = fitted
    model = fit_kneser_ney(item["tokens"], int(order), vocabulary_size)

    def apply(inputs):
        with np.errstate(divide="ignore"):
            return {"scores": np.log(model.probabilities(inputs["tokens"]))}

    return System(
        "kneser_ney",
        f"{order}_grams_of_{text}",
        apply,
        Origin("fitted", precision="float64"),
        {"tokens": Field((None,), "int32", "tokens", (0, vocabulary_size))},
        {"scores": Field((None, vocabulary_size), "float64", "scores")},
        assets=fitted.assets,
    )
