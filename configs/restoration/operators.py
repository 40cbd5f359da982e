"""One small network for any operator: 100,000 parameters on dead leaves, minutes on two cores.

The variant names the degradation: "motion_15", "inpainting_50" or "ct_40".
"""

from ml_collections import ConfigDict

from configs import common

# Tomography sees whole objects: streaks depend on how many views there are for a side.
PATCHES = {"motion_15": (8, 64), "inpainting_50": (8, 64), "ct_40": (2, 256)}
STEPS = {"motion_15": 8000, "inpainting_50": 8000, "ct_40": 500}


def get_config(variant="motion_15"):
    common.check_variant(variant, (*PATCHES, "tiny"))
    degradation = variant if variant in PATCHES else "motion_15"
    batch_size, patch_size = PATCHES[degradation]
    config = common.get_config()
    config.task = ConfigDict(
        {
            "name": "super_resolution",
            "scales": (1,),
            "colour": "y",
            "degradation": degradation,
            "loss": "negative_psnr",
        }
    )
    config.model = ConfigDict({"name": "unrolled_hqs", "dtype": "float32"})
    if degradation == "ct_40":
        # The data step of tomography has no closed form: a network after the back-projection.
        config.model = ConfigDict(
            {
                "name": "drunet",
                "features": (12, 16, 24, 48),
                "blocks": 1,
                "residual": True,
                "noise_map": False,
                "dtype": "float32",
            }
        )
    config.data = common.textured_dead_leaves(batch_size, patch_size)
    common.muon_on_cpu(config, STEPS[degradation], ema_decay=0.99)
    scoring = {"scale": 1, "protocol": degradation}
    config.validation = ConfigDict({"images": "dead_leaves", **scoring})
    config.evaluation = ({"images": "set12_small", **scoring},)
    if variant == "tiny":
        config.model.update({"stages": 2, "features": 8})
        config.data.update({"batch_size": 8, "patch_size": 24, "leaves": 10})
        config.train.update(
            {"steps": 4, "log_every": 1, "validate_every": 2, "checkpoint_every": 2}
        )
        config.evaluation = ({"images": "dead_leaves", **scoring},)
    return config
