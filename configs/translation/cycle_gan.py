"""CycleGAN: between two folders of photographs at 256 pixels, for a GPU.

`--config.data.images` and `--config.data.targets` name the folders, and
`--config.validation.images` pairs to choose the checkpoint by, as `pairs:<images>:<targets>`. The
variant "digits" maps drawn digits to coloured ones in minutes on two cores; "radar" and
"radar_supervised" map generated radar-like images to colour, the latter with S-CycleGAN's term;
"painting" makes photographs look like a woodcut; "clouds" is Cloud-GAN: Sentinel-2 scenes under
generated clouds to clear ones, unpaired.
"""

from ml_collections import ConfigDict

from configs import common

VARIANTS = ("digits", "radar", "radar_supervised", "painting", "clouds")
NETWORKS = ("generator", "inverse_generator", "discriminator", "inverse_discriminator")


def get_config(variant=""):
    common.check_variant(variant, (*VARIANTS, "tiny"))
    config = common.get_config()
    config.task = ConfigDict(
        {
            "name": "cycle_translation",
            # The paper's least squares of the generators have no half.
            "adversarial": 2.0,
            "cycle": 10.0,
            "identity": 0.0,
            "supervised": 0.0,
        }
    )
    _networks(config, features=64, blocks=9, halvings=3)
    # Held for 100 epochs of 1,000 images, then linearly to 0 in 100.
    schedule = {"name": "linear", "peak": 2e-4, "hold": 100_000}
    adam = {"name": "adam", "b1": 0.5, "b2": 0.999, "schedule": schedule}
    config.optimizer = ConfigDict({"generators": adam, "discriminators": adam})
    config.data = ConfigDict(
        {
            "name": "unpaired_patches",
            "images": "",
            "targets": "",
            "batch_size": 1,
            "patch_size": 256,
            "symmetries": "mirror",
        }
    )
    common.for_steps(config, 200_000, every=10_000)
    config.validation = ConfigDict({"images": "", "scale": 1, "protocol": "paired"})
    config.evaluation = ()
    if variant in ("digits", "tiny"):
        _map_digits(config)
    if variant in ("radar", "radar_supervised"):
        _map_radar(config, supervised=variant == "radar_supervised")
    if variant == "painting":
        _map_photographs(config)
    if variant == "clouds":
        _remove_clouds(config)
    if variant == "tiny":
        _networks(config, features=2, blocks=1, halvings=1)
        config.data.update({"batch_size": 2, "patch_size": 16})
        for section in config.optimizer.values():
            section.schedule.hold = 2
        config.train.update(
            {"steps": 4, "log_every": 1, "validate_every": 2, "checkpoint_every": 2}
        )
        _score_on(config, "drawn_pairs:edges:16", "drawn_pairs_test:edges:16")
    return config


def _map_digits(config):
    """Grey to coloured digits, each a batch of its own, by small networks."""
    _networks(config, features=16, blocks=3, halvings=2)
    config.data = ConfigDict({"name": "digit_domains", "batch_size": 8, "patch_size": 28})
    _shorten(config, 2_000)
    _score_on(config, "digit_pairs:28", "digit_pairs_test:28")


def _map_radar(config, supervised):
    """Speckled grey to colour. Pairs are drawn, which the supervised term alone looks at."""
    _networks(config, features=16, blocks=3, halvings=2)
    config.task.supervised = 100.0 if supervised else 0.0
    config.data = ConfigDict(
        {"name": "drawn_pair_patches", "batch_size": 4, "patch_size": 48, "given": "radar"}
    )
    _shorten(config, 2_000)
    _score_on(config, "drawn_pairs:radar:64", "drawn_pairs_test:radar:64")


def _map_photographs(config):
    """Photographs to one painting, and back; as the paper's, with an identity term."""
    _networks(config, features=16, blocks=3, halvings=3)
    config.task.identity = 5.0
    config.data.update({"images": "t91_train", "targets": "paintings/wave"})
    config.data.update({"batch_size": 4, "patch_size": 64})
    _shorten(config, 2_000)
    scoring = {"scale": 1, "protocol": "stylization"}
    config.validation = ConfigDict({"images": "styled:paintings/wave:t91_held_back", **scoring})
    config.evaluation = ({"images": "styled:paintings/wave:set14", **scoring},)


def _remove_clouds(config):
    """Cloudy patches to clear ones, drawn independently."""
    _networks(config, features=16, blocks=3, halvings=2)
    config.data.update(
        {"images": "sentinel2_train", "targets": "sentinel2_train", "given": "clouds"}
    )
    config.data.update({"batch_size": 4, "patch_size": 64, "symmetries": "square"})
    _shorten(config, 2_000)
    _score_on(config, "made_pairs:clouds:sentinel2_held_back", "made_pairs:clouds:sentinel2_test")


def _shorten(config, steps):
    for section in config.optimizer.values():
        section.schedule.hold = steps // 2
    common.for_steps(config, steps, every=steps // 4)


def _score_on(config, held_back, test):
    scoring = {"scale": 1, "protocol": "paired"}
    config.validation = ConfigDict({"images": held_back, **scoring})
    config.evaluation = ({"images": test, **scoring},)


def _networks(config, features, blocks, halvings):
    generator = {"name": "resnet_generator", "features": features, "blocks": blocks}
    discriminator = {
        "name": "patch_discriminator",
        "features": features,
        "halvings": halvings,
        "scaled_norm": False,
    }
    config.model = ConfigDict(
        {name: {**(generator if "generator" in name else discriminator)} for name in NETWORKS}
    )
