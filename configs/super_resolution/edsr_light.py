"""The light networks that come with the package: x2, x3 and x4, from generated images alone.

Twice the depth of the quickstart and several times its steps.
"""

from configs import common, quickstart

# At x2 and x4 a patch covers about as many low-resolution pixels as at x3.
PATCH_SIZES = {2: 36, 3: 48, 4: 64}


def get_config(variant=""):
    common.check_variant(variant, ("x2", "x3", "x4", "tiny"))
    config = quickstart.get_config("tiny" if variant == "tiny" else "")
    if variant == "tiny":
        return config
    scale = int((variant or "x3")[1])
    config.task.scales = (scale,)
    config.model.blocks = 8
    config.data.patch_size = PATCH_SIZES[scale]
    config.train.update({"steps": 30_000, "ema_decay": 0.999})
    config.validation.scale = scale
    config.evaluation = (
        {"images": "scikit_image", "scale": scale, "protocol": "rgb_rounded_once"},
    )
    return config
