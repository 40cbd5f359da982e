"""Cleans noisy pictures of which no clean one is there (Krull et al., CVPR 2019).

    python -m train.main --config=configs/restoration/noise2void.py --config.data.images=FOLDER

where FOLDER is a folder of noisy pictures, or one picture. Where the noise is known,
--config.task.name=noisier2noise --config.task.sigma=25 learns from that; the variant "noise2noise"
from pairs of noisy pictures, --config.data.images=pairs:FIRST:SECOND.
"""

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    common.check_variant(variant, ("noise2noise", "tiny"))
    config = common.luminance()
    config.task = ConfigDict({"name": "noise2void", "colour": "rgb"})
    config.model = common.small_dncnn()
    config.data.update({"images": "", "batch_size": 16, "patch_size": 48})
    if variant == "noise2noise":
        config.task.name = "noise2noise"
        config.data = ConfigDict(
            {"name": "pair_patches", "images": "", "batch_size": 16, "patch_size": 48}
        )
    common.train_on_cpu(config, 2000, peak=1e-3, ema_decay=0.99)
    config.validation = ConfigDict({"protocol": "blind_spots"})
    config.evaluation = ({"protocol": "blind_spots"},)
    if variant == "tiny":
        common.make_tiny(config)
        config.model.update({"depth": 3, "features": 8})
    return config
