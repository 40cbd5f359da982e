"""pix2pix: people of their outlines at 256 pixels, for a GPU.

The variant names pairs, side and loss: "outlines_256", "outlines_64_l1", "labels_64_l1_cgan".
"labels" are generated: dead leaves and the corners of the colour cube nearest to them. At 64 pixels
the networks are narrow, and a run takes minutes on two cores.
"""

from ml_collections import ConfigDict

from configs import common

# By words of the variant: weights of L1 and of the adversarial loss, and whether pairs are judged.
LOSSES = {
    "": (100.0, 1.0, True),
    "l1": (100.0, 0.0, True),
    "cgan": (0.0, 1.0, True),
    "l1_gan": (100.0, 1.0, False),
    "l1_cgan": (100.0, 1.0, True),
}
VARIANTS = (
    "outlines_256",
    *(f"{pairs}_64_{loss}" for pairs in ("outlines", "labels") for loss in LOSSES if loss),
)
# Of the 24 pairs that are trained on.
_EPOCH = 24


def get_config(variant="outlines_256"):
    common.check_variant(variant, (*VARIANTS, "tiny"))
    pairs, side, loss = (variant if variant in VARIANTS else "labels_64").partition("_64")
    pairs, loss = pairs.removesuffix("_256"), loss.removeprefix("_")
    l1, adversarial, conditional = LOSSES[loss]
    config = common.get_config()
    config.task = ConfigDict(
        {
            "name": "translation",
            "loss": "non_saturating",
            "adversarial": adversarial,
            "l1": l1,
            "conditional": conditional,
        }
    )
    small = bool(side)
    config.model = ConfigDict(
        {
            "generator": {"name": "unet_generator", "features": 64, "levels": 8},
            "discriminator": {"name": "patch_discriminator", "features": 64, "halvings": 3},
        }
    )
    if small:
        config.model.generator.update({"features": 16, "levels": 6})
        config.model.discriminator.update({"features": 16, "halvings": 2})
    common.both_networks(config, "adam", 2e-4, b1=0.5, b2=0.999)
    # Enlarged by 286/256 and cut at random.
    side, margin = (64, 8) if small else (256, 30)
    scoring = {"images": f"outlines:test:{side}", "scale": 1, "protocol": "paired"}
    if pairs == "outlines":
        config.data = ConfigDict(
            {
                "name": "pair_patches",
                "images": f"outlines:train:{side + margin}",
                "batch_size": 1,
                "patch_size": side,
                "symmetries": "mirror",
            }
        )
    else:
        config.data = ConfigDict(
            {"name": "drawn_pairs", "batch_size": 4, "patch_size": side, "given": "labels"}
        )
        scoring["images"] = "drawn_pairs:labels:64"
    config.validation = ConfigDict(scoring)
    config.evaluation = (scoring,)
    common.for_steps(config, 200 * _EPOCH, every=20 * _EPOCH)
    if variant == "tiny":
        config.model.generator.update({"features": 2, "levels": 4})
        config.model.discriminator.update({"features": 2, "halvings": 1})
        config.data.update({"batch_size": 2, "patch_size": 16})
        config.train.update(
            {"steps": 4, "log_every": 1, "validate_every": 2, "checkpoint_every": 2}
        )
        scoring = {"images": "drawn_pairs:labels:16", "scale": 1, "protocol": "paired"}
        config.validation = ConfigDict(scoring)
        config.evaluation = (scoring,)
    return config
