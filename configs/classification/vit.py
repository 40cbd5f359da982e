"""A small ViT (139,018 parameters) tells digits apart; five minutes of a CPU's core.

Alone on digits drawn on the device; the variant "mnist" on MNIST.
"""

from ml_collections import ConfigDict

from configs import common
from configs.classification import digits


def get_config(variant=""):
    common.check_variant(variant, ("mnist", "tiny"))
    config = digits.get_config(variant)
    config.model = ConfigDict(
        {
            "name": "vit",
            "patch_size": 4,
            "width": 64,
            "depth": 4,
            "heads": 4,
            "mlp_ratio": 2,
            "classes": 10,
            "image_shape": (28, 28, 1),
        }
    )
    if variant == "tiny":
        config.model.update({"patch_size": 7, "width": 8, "depth": 1, "heads": 2})
    return config
