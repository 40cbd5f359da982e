"""The quickstart's network with an attention block in each residual block; the variant names it.

"none" has none. All have the quickstart's steps.
"""

from configs import common, quickstart
from imaging_jax.models.layers import ATTENTION


def get_config(variant="none"):
    common.check_variant(variant, ("none", *ATTENTION, "tiny"))
    config = quickstart.get_config("tiny" if variant == "tiny" else "")
    if variant == "tiny":
        config.model.update({"features": 16, "attention": "cbam"})
    elif variant in ATTENTION:
        config.model.attention = variant
    config.train.cpu_devices = 1
    return config
