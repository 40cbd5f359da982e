"""Razzak et al.'s network of several bands, for another sensor's image: 64 pixels become 134.

Their scenes aren't here: they are drawn, and the other sensor is brighter, of less contrast.
"small" is for minutes on a CPU.
"""

from ml_collections import ConfigDict

from configs import common

_SIDES = {"": (64, 134), "small": (16, 34), "tiny": (8, 17)}


def get_config(variant=""):
    common.check_variant(variant, ("small", "tiny"))
    config = common.get_config()
    side, image_side = _SIDES[variant]
    config.task = ConfigDict(
        {"name": "radiometric_super_resolution", "penalty": 1.0, "consistency": 100.0}
    )
    config.model = ConfigDict(
        {
            "network": {
                "name": "highres_net",
                "channels": 3,
                "scale": 2,
                "additional_scaling": 1.039,
            },
            "shift_net": {"name": "shift_net", "channels": 3},
            "channel_map": {"name": "channel_map", "channels": 3},
        }
    )
    config.data = ConfigDict(
        {
            "name": "frame_scenes",
            "batch_size": 4,
            "patch_size": side,
            "image_size": image_side,
            "channels": 3,
            "sensor": True,
        }
    )
    sets = f"{side}:{image_side}"
    config.validation = ConfigDict({"images": f"sensor_scenes:{sets}", "protocol": "sensors"})
    config.evaluation = ({"images": f"sensor_scenes_test:{sets}", "protocol": "sensors"},)
    common.registered_for_steps(config, 2000, 1e-3)
    if variant:
        config.model.network.update({"features": 32, "blocks": 1})
        config.model.shift_net.update({"side": 32, "widths": (8, 8, 16, 16), "hidden": 32})
    if variant == "tiny":
        config.model.network.features = 4
        config.model.shift_net.side = 16
        config.data.update({"batch_size": 8, "leaves": 10})
        common.for_steps(config, 4, every=2)
        config.train.log_every = 1
        config.validation.images = f"sensor_scenes:{sets}:2"
        config.evaluation[0]["images"] = f"sensor_scenes_test:{sets}:2"
    return config
