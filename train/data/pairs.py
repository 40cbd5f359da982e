"""Sets of pairs: an image as it is given, and the target that a system should make of it."""

from itertools import zip_longest

from imaging_jax.data_root import under_data
from train.config.registry import look_up
from train.data.data_set import DataSet
from train.data.fields import Field
from train.data.image_sets import ImageSet, folder, image_set

_LEVELS = Field((None, None, None), "uint8", "image", (0, 255))
# By the part of RICE that each is a test image of.
_RICE = {"rice1": "test_0026", "rice2": "test_0000"}


def paired(name: str, images: ImageSet, targets: ImageSet) -> DataSet:
    """A set whose items are {"image", "target"}, (H, W, 1 or 3) uint8, in the order of both."""
    return DataSet(
        name,
        {"image": _LEVELS, "target": _LEVELS},
        images.names,
        lambda i: {"image": images.colours(i), "target": targets.colours(i)},
    )


def pairs(rest: str) -> DataSet:
    """Of "<images>:<targets>", two folders or image sets whose images have the same names.

    Raises:
      ValueError: other words, or names that differ.
    """
    images, _, targets = rest.partition(":")
    if not (images and targets):
        raise ValueError(f"pairs:{rest}: wanted pairs:<images>:<targets>")
    given, wanted = image_set(images), image_set(targets)
    for pair in zip_longest(given.names, wanted.names):
        if len({*pair}) > 1:
            raise ValueError(f"pairs:{rest}: wanted the same names, got {pair}")
    return paired(f"pairs:{rest}", given, wanted)


def rice_sample(rest: str) -> DataSet:
    """Cloudy and clear images of one place, 512x512, of RICE (Lin et al., arXiv 1901.00600).

    "rice1" and "rice2" are one pair of either part; no words are both.

    Raises:
      ValueError: another part; IMAGING_DATA unset.
    """
    chosen = [look_up(_RICE, rest, "rice_sample")] if rest else [*_RICE.values()]
    whole = folder(under_data("remote_sensing/rice_sample", "the set rice_sample"))
    place = {name: index for index, name in enumerate(whole.names)}
    cloudy, clear = (
        whole.part(kind, [place[f"{name}_{kind}"] for name in chosen])
        for kind in ("cloudy", "clear")
    )
    return paired(f"rice_sample:{rest}" if rest else "rice_sample", cloudy, clear)
