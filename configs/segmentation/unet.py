"""U-Net: the paper's on membranes for a GPU, and small ones of 481,745 parameters for minutes.

The variant names the set and, of cracks, the loss: "isbi", "cracks" by likelihood and Jaccard
index, "cracks_nll" by likelihood alone. Both are trained on crops of 128 pixels.
"""

from ml_collections import ConfigDict

from configs import common

LOSSES = {
    "isbi": {"nll": 1.0},
    "cracks": {"nll": 1.0, "jaccard": 1.0},
    "cracks_nll": {"nll": 1.0},
}
PROTOCOLS = {"isbi": "regions", "cracks": "lines"}
# Ronneberger et al., section 3.1; no scale is printed.
_DEFORMED = {
    "elastic": {"probability": 1.0, "displacement": 10.0},
    "turn": {"probability": 1.0, "degrees": (-180.0, 180.0), "scale": (1.0, 1.0), "shift": 0.0},
}


def get_config(variant=""):
    common.check_variant(variant, (*LOSSES, "tiny"))
    config = common.get_config()
    images = (variant or "isbi").partition("_")[0]
    if variant == "tiny":
        return _tiny(config)
    # The recipe was chosen on those held back, which the few photographs of cracks include again.
    split = "train" if images == "cracks" else "fit"
    config.data = ConfigDict({"name": "mask_patches", "images": f"{images}:{split}"})
    if variant:
        _small(config, variant)
    else:
        _of_the_paper(config)
    scoring = {"protocol": PROTOCOLS[images]}
    config.validation = ConfigDict({"images": f"{images}:held_back", **scoring})
    baseline = f"grey_threshold:{images}:{split}"
    config.evaluation = ({"images": f"{images}:test", **scoring, "baseline": baseline},)
    return config


def _of_the_paper(config):
    # The largest side below the slices' 512 that fits without padding; no rate is printed.
    config.data.update({"batch_size": 1, "patch_size": 508, "augment": _DEFORMED})
    config.data.borders = ConfigDict({"w0": 10.0, "sigma": 5.0})
    config.task = ConfigDict({"name": "segmentation", "loss": {"cross_entropy": 1.0}})
    config.model = ConfigDict({"name": "unet"})
    schedule = {"name": "constant", "peak": 1e-4}
    config.optimizer = ConfigDict({"name": "sgd", "momentum": 0.99, "schedule": schedule})
    common.for_steps(config, 60_000, every=2_000)


def _small(config, variant):
    # Cracks are rare.
    best_of = 1 if variant == "isbi" else 2
    config.data.update({"batch_size": 4, "patch_size": 128, "best_of": best_of})
    config.task = ConfigDict({"name": "segmentation", "loss": LOSSES[variant]})
    config.model = common.small_unet(1 if variant == "isbi" else 3)
    config.optimizer = common.adam_with_cosine(2e-3)
    common.for_steps(config, 1_200, every=200)


def _tiny(config):
    config.data = ConfigDict({"name": "portraits", "batch_size": 2, "patch_size": 32})
    config.task = ConfigDict({"name": "segmentation", "loss": {"cross_entropy": 1.0}})
    config.model = ConfigDict({"name": "unet", "channels": 3, "features": 4, "depth": 1})
    config.optimizer = common.adam_with_cosine(2e-3)
    common.for_steps(config, 4, every=2)
    config.train.log_every = 1
    config.validation = ConfigDict({"images": "portraits:large:32:20", "protocol": "masks"})
    scoring = {"images": "portraits_test:large:32:20", "protocol": "regions"}
    config.evaluation = ({**scoring, "baseline": "grey_threshold:portraits:large:32:20"},)
    return config
