"""MST: cubes of 28 bands of coded snapshots, by its paper's recipe on generated cubes.

The mask is that of IMAGING_DATA. The variants: "m" and "l", larger networks; "cassi_light", one
block a scale, minutes on a CPU.
"""

from ml_collections import ConfigDict

from configs import common

BLOCKS = {"": (2, 2, 2), "m": (2, 4, 4), "l": (4, 7, 5), "cassi_light": (1, 1, 1)}


def get_config(variant=""):
    common.check_variant(variant, ("m", "l", "cassi_light", "tiny"))
    config = common.get_config()
    common.snapshots(config)
    blocks = BLOCKS.get(variant, (1, 1, 1))
    config.model = ConfigDict({"name": "mst", "blocks": blocks, "dtype": "float32"})
    if variant in ("cassi_light", "tiny"):
        # Snapshots of smaller patches would be dispersed by nearly twice their width.
        config.data.update({"batch_size": 4, "patch_size": 64})
        common.train_on_cpu(config, 2400, peak=2e-3, ema_decay=0.98)
    if variant == "tiny":
        # A mask that needs no file, and few bands.
        config.task.update({"bands": 4, "mask": "drawn"})
        config.data.update({"batch_size": 8, "patch_size": 8, "bands": 4})
        config.train.update(
            {"steps": 4, "log_every": 1, "validate_every": 2, "checkpoint_every": 2}
        )
        scoring = {"protocol": "snapshot_imaging_drawn"}
        config.validation = ConfigDict({"images": "made_cubes:8:4", **scoring})
        config.evaluation = ({"images": "made_cubes_test:8:4", **scoring},)
    return config
