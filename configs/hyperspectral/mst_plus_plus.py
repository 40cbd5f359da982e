"""MST++: cubes of 31 bands of colour images, by the recipe of NTIRE 2022 on generated cubes.

The variants: "one_stage", 546,199 parameters, minutes on a CPU; "cassi", cubes of 28 bands of coded
snapshots by MST's recipe, which reads the mask of IMAGING_DATA.
"""

from ml_collections import ConfigDict

from configs import common

BANDS = 31
SCORING = {"protocol": "spectral_reconstruction"}


def get_config(variant=""):
    common.check_variant(variant, ("one_stage", "cassi", "tiny"))
    config = common.get_config()
    if variant == "cassi":
        common.snapshots(config)
        config.model = ConfigDict({"name": "mst_plus_plus", "stages": 3, "dtype": "float32"})
        return config
    config.task = ConfigDict({"name": "spectral_reconstruction", "bands": BANDS, "loss": "mrae"})
    config.model = ConfigDict({"name": "mst_plus_plus", "stages": 3, "dtype": "float32"})
    config.data = ConfigDict(
        {"name": "made_cubes", "batch_size": 20, "patch_size": 128, "bands": BANDS}
    )
    schedule = {"name": "cosine", "peak": 4e-4, "final": 1e-6}
    config.optimizer = ConfigDict({"name": "adam", "clip_norm": 0.0, "schedule": schedule})
    common.for_steps(config, 300_000, every=1000)
    config.validation = ConfigDict({"images": f"made_cubes:64:{BANDS}", **SCORING})
    config.evaluation = ({"images": f"made_cubes_test:64:{BANDS}", **SCORING},)
    if variant:
        config.model.stages = 1
        config.data.update({"batch_size": 8, "patch_size": 32})
        common.train_on_cpu(config, 3600, peak=1e-3, ema_decay=0.98)
    if variant == "tiny":
        config.data.patch_size = 8
        config.train.update(
            {"steps": 4, "log_every": 1, "validate_every": 2, "checkpoint_every": 2}
        )
        config.validation.images = f"made_cubes:8:{BANDS}"
        config.evaluation = ({"images": f"made_cubes_test:8:{BANDS}", **SCORING},)
    return config
