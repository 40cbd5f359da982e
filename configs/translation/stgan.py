"""STGAN: three cloudy dates of a place made one clear image at 256 pixels, for a GPU.

`--config.data.images` and `--config.validation.images` name the stacks, as
`dates:<first date>:<second>:<third>:<clear>`. "clouds_64" trains narrow networks on Sentinel-2
scenes under generated clouds, in minutes on two cores; "clouds_64_single" is the same of one date.
"""

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    common.check_variant(variant, ("clouds_64", "clouds_64_single", "tiny"))
    config = common.get_config()
    config.task = ConfigDict(
        {
            "name": "translation",
            "loss": "non_saturating",
            "adversarial": 1.0,
            "l1": 100.0,
            "conditional": True,
        }
    )
    _networks(config, features=64, levels=8, halvings=3)
    common.both_networks(config, "adam", 2e-4, b1=0.5, b2=0.999)
    config.data = ConfigDict(
        {
            "name": "pair_patches",
            "images": "",
            # The authors prefer larger batches than pix2pix' single pairs.
            "batch_size": 4,
            "patch_size": 256,
            "symmetries": "square",
        }
    )
    common.for_steps(config, 200_000, every=10_000)
    config.validation = ConfigDict({"images": "", "scale": 1, "protocol": "dates"})
    config.evaluation = ()
    if variant in ("clouds_64", "clouds_64_single"):
        _under_generated_clouds(config, dates=1 if variant == "clouds_64_single" else 3)
    if variant == "tiny":
        _networks(config, features=2, levels=4, halvings=1)
        _draw(config, "drawn_pair_patches", batch_size=2, patch_size=16, dates=3)
        _score_on(config, "made_dates:clouds:3:dead_leaves/0", "made_dates:clouds:3:dead_leaves/1")
        common.for_steps(config, 4, every=2)
        config.train.log_every = 1
    return config


def _under_generated_clouds(config, dates):
    _networks(config, features=16, levels=6, halvings=2)
    config.model.generator.dates = dates
    _draw(config, "made_pair_patches", batch_size=4, patch_size=64, dates=dates)
    config.data.images = "sentinel2_train"
    _score_on(
        config,
        f"made_dates:clouds:{dates}:sentinel2_held_back",
        f"made_dates:clouds:{dates}:sentinel2_test",
    )
    common.for_steps(config, 4_000, every=400)


def _networks(config, features, levels, halvings):
    config.model = ConfigDict(
        {
            "generator": {
                "name": "stgan_generator",
                "dates": 3,
                "features": features,
                "levels": levels,
            },
            "discriminator": {
                "name": "patch_discriminator",
                "features": features,
                "halvings": halvings,
            },
        }
    )


def _draw(config, name, **values):
    config.data = ConfigDict({"name": name, "given": "clouds", **values})


def _score_on(config, held_back, test):
    scoring = {"scale": 1, "protocol": "dates"}
    config.validation = ConfigDict({"images": held_back, **scoring})
    config.evaluation = ({"images": test, **scoring},)
