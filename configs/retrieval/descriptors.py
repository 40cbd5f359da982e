"""Images described by a small network trained on triplets of textures, for minutes on a CPU.

"bits" trains 32 of them in the vector's place; "folder" learns from a folder of folders.
"""

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    common.check_variant(variant, ("bits", "folder", "tiny"))
    config = common.get_config()
    config.task = ConfigDict({"name": "metric_learning", "margin": 0.2})
    config.model = ConfigDict({"name": "descriptor_net", "image_shape": (32, 32, 1)})
    config.data = ConfigDict({"name": "textures", "batch_size": 32, "patch_size": 32})
    common.train_on_cpu(config, steps=1000, peak=2e-3, ema_decay=0.0)
    config.validation = ConfigDict({"images": "textures:32:20", "protocol": "retrieval"})
    config.evaluation = ({"images": "textures_test:32", "protocol": "retrieval"},)
    if variant == "bits":
        config.model.update({"dimension": 32, "binary": True})
    if variant == "folder":
        images = "classes:64:{}:data/classes"
        config.data = ConfigDict(
            {"name": "class_batches", "images": images.format("fit"), "batch_size": 32, "kinds": 8}
        )
        config.model.image_shape = (64, 64, 3)
        config.validation.images = images.format("held_back")
        config.evaluation[0]["images"] = images.format("test")
    if variant == "tiny":
        config.model.update({"features": (4, 4), "dimension": 8, "image_shape": (8, 8, 1)})
        config.data.update({"batch_size": 16, "patch_size": 8})
        config.validation.images = "textures:8:3"
        config.evaluation[0]["images"] = "textures_test:8:3"
        common.for_steps(config, 4, every=2)
        config.train.log_every = 1
    return config
