"""The language side of captioning: sentences of RSICD by the class of the image alone.

A cell that is shown the class; the variant "transformer" has a transformer's decoder. Every tenth
of the even images is held back, to choose the checkpoint by; the odd ones are scored.
"""

from ml_collections import ConfigDict

from configs import common

# Words that stand twice or more in what is trained on, and the four special tokens; 34 words are
# the longest sentence.
_VOCABULARY, _LENGTH = 480, 36
_SHARED = {
    "vocabulary_size": _VOCABULARY,
    "length": _LENGTH,
    "image_shape": (1, 1, 4),
    "dtype": "float32",
}


def get_config(variant=""):
    common.check_variant(variant, ("transformer", "tiny"))
    config = common.get_config()
    if variant == "tiny":
        return _tiny(config)
    config.data = ConfigDict(
        {
            "name": "captioned_images",
            "images": "rsicd_classes:fit",
            "batch_size": 64,
            "length": _LENGTH,
            "least": 2,
        }
    )
    config.task = ConfigDict({"name": "captioning", "attention_weight": 0.0})
    config.model = ConfigDict(
        {"name": "show_and_tell", **_SHARED, "dropout": 0.5, "embedding": 128, "hidden": 128}
    )
    config.optimizer = common.adam_with_cosine(2e-3)
    common.for_steps(config, 1_000, every=100)
    if variant == "transformer":
        config.model = ConfigDict(
            {
                "name": "transformer_captioner",
                **_SHARED,
                "dropout": 0.3,
                "width": 128,
                "depth": 2,
                "heads": 4,
                "hidden": 256,
            }
        )
        config.optimizer = common.adam_with_cosine(1e-3)
        common.for_steps(config, 600, every=100)
    scoring = {"protocol": "captions", "beam": 3}
    config.validation = ConfigDict({"images": "rsicd_classes:held_back", **scoring})
    baseline = "class_caption:rsicd_classes:even"
    config.evaluation = ({"images": "rsicd_classes:odd", **scoring, "baseline": baseline},)
    return config


def _tiny(config):
    config.data = ConfigDict(
        {"name": "captioned_images", "images": "worded_scenes:8", "batch_size": 4, "length": 19}
    )
    config.data.least = 1
    config.task = ConfigDict({"name": "captioning", "attention_weight": 0.0})
    config.model = ConfigDict(
        {
            "name": "transformer_captioner",
            "vocabulary_size": 44,
            "length": 19,
            "image_shape": (64, 64, 3),
            "encoder": (4, 4, 4),
            "width": 8,
            "depth": 1,
            "heads": 2,
            "hidden": 8,
        }
    )
    config.optimizer = common.adam_with_cosine(2e-3)
    config.train.update({"steps": 4, "log_every": 1, "validate_every": 2, "checkpoint_every": 2})
    scoring = {"protocol": "captions", "beam": 1}
    config.validation = ConfigDict({"images": "worded_scenes:6", **scoring})
    baseline = "constant_caption:worded_scenes:6"
    config.evaluation = ({"images": "worded_scenes_test:6", **scoring, "baseline": baseline},)
    return config
