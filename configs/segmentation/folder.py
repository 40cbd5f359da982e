"""A user's images and masks, segmented by a small U-Net: two folders whose files share their names.

The variant says what the masks' levels or colours mean, and both folders:
"background,crack:photos/:masks/" or "road=804080,car=00008e,-=000000:photos/:masks/", where "-"
doesn't count. Every tenth image is held back to choose the checkpoint by, and the one behind it is
for the test at the end. Without a variant, on portraits drawn on the device.
"""

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    config = common.get_config()
    config.task = ConfigDict({"name": "segmentation", "loss": {"nll": 1.0, "jaccard": 1.0}})
    config.model = common.small_unet(3)
    config.data = ConfigDict({"name": "portraits", "batch_size": 4, "patch_size": 64})
    config.optimizer = common.adam_with_cosine(2e-3)
    common.for_steps(config, 2_000, every=200)
    config.validation = ConfigDict({"images": "portraits:large:64", "protocol": "masks"})
    config.evaluation = ({"images": "portraits_test:large:64", "protocol": "masks"},)
    if variant == "tiny":
        config.model.update({"features": 4, "depth": 1})
        config.data.patch_size = 16
        common.for_steps(config, 4, every=2)
        config.train.log_every = 1
        config.validation.images = "portraits:large:16:20"
        config.evaluation = ({"images": "portraits_test:large:16:20", "protocol": "masks"},)
    elif variant:
        _of_folders(config, variant)
    return config


def _of_folders(config, variant):
    classes, *folders = variant.split(":")
    names = [word for word in classes.split(",") if not word.startswith("-")]
    if len(folders) != 2 or len(names) < 2:
        raise ValueError(
            f"variant {variant!r} is unknown, wanted <class>,<class>,…:<images>:<masks> such as "
            "background,crack:photos/:masks/; known: tiny"
        )
    if len(names) > 2:
        config.model.classes = len(names)
        config.task.loss = ConfigDict({"cross_entropy": 1.0})
    turn = {"probability": 0.5, "degrees": (-15.0, 15.0), "scale": (0.8, 1.25), "shift": 0.0}
    config.data = ConfigDict(
        {
            "name": "mask_patches",
            "images": f"masks:fit:{variant}",
            "batch_size": 4,
            "patch_size": 128,
            "symmetries": "mirror",
            "augment": {"turn": turn},
        }
    )
    config.validation.images = f"masks:held_back:{variant}"
    config.evaluation = ({"images": f"masks:test:{variant}", "protocol": "masks"},)
