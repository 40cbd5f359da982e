"""A feed-forward network for one painting (Johnson, Alahi, Fei-Fei, ECCV 2016), 16 features wide.

`--config.task.style=painting.jpg` takes another, which validation and evaluation name as well:
`--config.validation.images=styled:painting.jpg:<images>`. Content and style are told by a small
copy of VGG-19; with a file of VGG-19 in `--config.task.features`, `--config.task.content=relu4_2`
is the usual map. The paper trains on COCO for 40,000 steps.
"""

from ml_collections import ConfigDict

from configs import common


def get_config(variant=""):
    common.check_variant(variant, ("tiny",))
    config = common.get_config()
    config.task = ConfigDict(
        {
            "name": "stylization",
            "style": "paintings/wave",
            "style_size": 256,
            "features": "distilled_vgg19_4",
            "content": "relu3_4",
            "content_weight": 1.0,
            "style_weight": 10.0,
            "variation_weight": 10.0,
        }
    )
    config.model = ConfigDict({"name": "fast_neural_style", "features": 16, "dtype": "float32"})
    config.optimizer = ConfigDict({"name": "adam", "schedule": {"name": "constant", "peak": 1e-3}})
    config.data = ConfigDict(
        {
            "name": "patches",
            "images": "$IMAGING_DATA/sr/BSDS500_train",
            "storage": "resident",
            "batch_size": 4,
            "patch_size": 256,
            "rescale": (1.0,),
            "on_error": "stop",
            "workers": 0,
            "levels": 0.0,
        }
    )
    common.for_steps(config, 10_000, every=1_000)
    scoring = {"scale": 1, "protocol": "stylization"}
    config.validation = ConfigDict({"images": "styled:paintings/wave:t91_held_back", **scoring})
    config.evaluation = ({"images": "styled:paintings/wave:set14", **scoring},)
    if variant == "tiny":
        # Without published weights: random features, and the content that is left is scored.
        config.task.update({"style": "scikit_image/coffee", "style_size": 32, "features": ""})
        config.model.update({"name": "fast_style_transfer", "features": 4})
        config.validation.protocol = "rgb_rounded_once"
        common.make_tiny(config)
        config.data.batch_size = 2
    return config
