"""pix2pix: people of their outlines at 256 pixels, for a GPU.

The variant names pairs, side and loss: "outlines_256", "outlines_64_l1", "clouds_64_l1_cgan".
"labels" are generated: dead leaves and the corners of the colour cube nearest to them; "clouds" lie
over Sentinel-2 scenes. At 64 pixels the networks are narrow, and a run takes minutes on two cores.
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
PAIRS = ("outlines", "labels", "clouds")
VARIANTS = (
    "outlines_256",
    *(f"{pairs}_64_{loss}" for pairs in PAIRS for loss in LOSSES if loss),
)
# Of the 20 pairs that are trained on.
_EPOCH = 20


def get_config(variant="outlines_256"):
    common.check_variant(variant, (*VARIANTS, "tiny"))
    pairs, side, loss = ("labels_64" if variant == "tiny" else variant or "outlines_256").partition(
        "_64"
    )
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
    {"outlines": _of_outlines, "labels": _of_labels, "clouds": _of_clouds}[pairs](
        config, 64 if small else 256
    )
    common.for_steps(config, 200 * _EPOCH, every=20 * _EPOCH)
    if variant == "tiny":
        config.model.generator.update({"features": 2, "levels": 4})
        config.model.discriminator.update({"features": 2, "halvings": 1})
        config.data.update({"batch_size": 2, "patch_size": 16})
        config.train.update(
            {"steps": 4, "log_every": 1, "validate_every": 2, "checkpoint_every": 2}
        )
        _score_on(config, "drawn_pairs:labels:16", "drawn_pairs_test:labels:16")
    return config


def _of_outlines(config, side):
    # Enlarged by 286/256 and cut at random.
    margin = {64: 8, 256: 30}[side]
    config.data = ConfigDict(
        {
            "name": "pair_patches",
            "images": f"outlines:fit:{side + margin}",
            "batch_size": 1,
            "patch_size": side,
            "symmetries": "mirror",
        }
    )
    _score_on(config, f"outlines:held_back:{side}", f"outlines:test:{side}")


def _of_labels(config, side):
    config.data = ConfigDict(
        {"name": "drawn_pair_patches", "batch_size": 4, "patch_size": side, "given": "labels"}
    )
    _score_on(config, f"drawn_pairs:labels:{side}", f"drawn_pairs_test:labels:{side}")


def _of_clouds(config, side):
    config.data = ConfigDict(
        {
            "name": "made_pair_patches",
            "images": "sentinel2_train",
            "batch_size": 4,
            "patch_size": side,
            "given": "clouds",
        }
    )
    _score_on(config, "made_pairs:clouds:sentinel2_held_back", "made_pairs:clouds:sentinel2_test")


def _score_on(config, held_back, test):
    scoring = {"scale": 1, "protocol": "paired"}
    config.validation = ConfigDict({"images": held_back, **scoring})
    config.evaluation = ({"images": test, **scoring},)
