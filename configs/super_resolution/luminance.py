"""What the networks of SRCNN's time share: luminance of T91 photographs, upsampled beforehand."""

from ml_collections import ConfigDict


def get_config(variant=""):
    del variant
    return ConfigDict(
        {
            "task": {
                "name": "super_resolution",
                "scales": (3,),
                "colour": "y",
                "degradation": "bicubic",
                "loss": "mse",
            },
            "data": {
                "name": "patches",
                "images": "t91_train",
                "storage": "resident",
                "rescale": (1.0,),
                "on_error": "stop",
                "workers": 0,
            },
            "validation": {"images": "t91_held_back", "scale": 3, "protocol": "luminance"},
            "evaluation": ({"images": "set5", "scale": 3, "protocol": "luminance"},),
        }
    )
