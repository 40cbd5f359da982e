"""A user's images with a class each, told apart by a small ResNet: a folder of folders.

The variant says their side, how many classes there are, and the folder: "64:5:photos/", or
"28grey:26:letters/" for grey ones. Of each class, every tenth image is held back to choose the
checkpoint by, and the one behind it is for the test at the end. Without a variant, on digits drawn
on the device.
"""

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    config = common.get_config()
    config.task = ConfigDict({"name": "classification", "label_smoothing": 0.1})
    config.model = ConfigDict({"name": "cifar_resnet", "depth": 20, "image_shape": (28, 28, 1)})
    config.optimizer = ConfigDict(
        {
            "name": "adamw",
            "weight_decay": 0.05,
            "decayed": ("kernel",),
            "clip_norm": 1.0,
            "schedule": {"name": "cosine", "peak": 1e-3, "warmup": 100},
        }
    )
    common.of_labelled_digits(config, mnist=False, batch_size=64)
    common.for_steps(config, 3000, every=500)
    if variant == "tiny":
        config.model.update({"depth": 8, "features": 4})
        config.data.batch_size = 8
        common.for_steps(config, 4, every=2)
        config.train.log_every = 1
    elif variant:
        _of_folder(config, *_parts(variant))
    return config


def _of_folder(config, side, classes, folder):
    pixels, channels = int(side.removesuffix("grey")), 1 if side.endswith("grey") else 3
    config.model.update({"classes": classes, "image_shape": (pixels, pixels, channels)})
    turn = {"probability": 0.5, "degrees": (-10.0, 10.0), "scale": (0.9, 1.1), "shift": 0.05}
    config.data = ConfigDict(
        {
            "name": "labelled",
            "images": f"classes:{side}:fit:{folder}",
            "batch_size": 64,
            "storage": "streamed",
            "on_error": "skip",
            "augment": {"turn": turn},
        }
    )
    config.validation.images = f"classes:{side}:held_back:{folder}"
    scoring = {"images": f"classes:{side}:test:{folder}", "protocol": "classification"}
    config.evaluation = (scoring,)
    config.train.cpu_devices = 0


def _parts(variant):
    side, _, rest = variant.partition(":")
    classes, _, folder = rest.partition(":")
    if not (side.removesuffix("grey").isdigit() and classes.isdigit() and folder):
        raise ValueError(
            f"variant {variant!r} is unknown, wanted <side>:<classes>:<folder> such as 64:5:photos/"
            "; known: tiny"
        )
    return side, int(classes), folder
