"""A small Swin transformer of two stages tells digits apart; ten minutes of a CPU's core.

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
            "name": "swin",
            "patch_size": 2,
            "width": 32,
            "depths": (2, 2),
            "heads": (2, 4),
            "window": 7,
            "drop_path": 0.1,
            "classes": 10,
            "image_shape": (28, 28, 1),
        }
    )
    # Its small start, of kernels for a width of 96 and more, takes longer to leave than ViT's.
    config.optimizer.schedule.peak = 3e-3
    if variant == "tiny":
        config.model.update({"width": 4, "heads": (1, 2)})
    return config
