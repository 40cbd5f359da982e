"""The light network that removes the artefacts of JPEG of any quality and comes with the package.

DRUNet's U-Net on luminance, not told the quality, trained on generated images alone.
"""

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    common.check_variant(variant, ("tiny",))
    config = common.luminance()
    config.task.update({"scales": (1,), "degradation": "jpeg_5_to_95", "loss": "negative_psnr"})
    config.model = ConfigDict(
        {
            "name": "drunet",
            "features": (16, 32, 64, 128),
            "blocks": 1,
            "residual": True,
            "noise_map": False,
            "dtype": "float32",
        }
    )
    common.muon_on_cpu(config, 24_000, ema_decay=0.999)
    scoring = {"quality": 20, "protocol": "jpeg"}
    config.validation = ConfigDict({"images": "dead_leaves", **scoring})
    config.evaluation = ({"images": "set12_small", **scoring},)
    if variant == "tiny":
        common.make_tiny(config)
        config.model.features = (8, 12, 16)
        return config
    config.data = common.textured_dead_leaves(batch_size=8, patch_size=64)
    return config
