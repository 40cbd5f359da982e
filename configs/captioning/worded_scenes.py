"""Captions of generated scenes in minutes: a small encoder, and a cell that attends.

The variant "transformer" has a transformer's decoder in the cell's place.
"""

from ml_collections import ConfigDict

from configs import common

# Of the grammar: 40 words beside the four special tokens, 17 words at most.
_VOCABULARY, _LENGTH = 44, 19
_ENCODED = {
    "vocabulary_size": _VOCABULARY,
    "length": _LENGTH,
    "image_shape": (64, 64, 3),
    "encoder": (32, 64, 128),
    "dtype": "float32",
}


def get_config(variant=""):
    common.check_variant(variant, ("transformer", "tiny"))
    config = common.get_config()
    config.data = ConfigDict({"name": "worded_scenes", "batch_size": 32})
    config.task = ConfigDict({"name": "captioning", "attention_weight": 1.0})
    config.model = ConfigDict(
        {
            "name": "show_attend_and_tell",
            **_ENCODED,
            "dropout": 0.2,
            "embedding": 64,
            "hidden": 128,
            "scored": 128,
        }
    )
    if variant == "transformer":
        _transformer(config)
    config.optimizer = common.adam_with_cosine(2e-3)
    common.for_steps(config, 1_500, every=250)
    scoring = {"protocol": "captions", "beam": 3}
    config.validation = ConfigDict({"images": "worded_scenes", **scoring})
    baseline = "constant_caption:worded_scenes"
    config.evaluation = ({"images": "worded_scenes_test", **scoring, "baseline": baseline},)
    if variant == "tiny":
        _make_tiny(config)
    return config


def _transformer(config):
    config.task.attention_weight = 0.0
    config.model = ConfigDict(
        {
            "name": "transformer_captioner",
            **_ENCODED,
            "dropout": 0.1,
            "width": 128,
            "depth": 2,
            "heads": 4,
            "hidden": 256,
        }
    )


def _make_tiny(config):
    config.data.batch_size = 4
    config.model.update({"encoder": (4, 8, 8), "embedding": 8, "hidden": 8, "scored": 8})
    config.train.update({"steps": 4, "log_every": 1, "validate_every": 2, "checkpoint_every": 2})
    config.validation.images = "worded_scenes:6"
    baseline = "constant_caption:worded_scenes:6"
    scoring = {"protocol": "captions", "beam": 3, "baseline": baseline}
    config.evaluation = ({"images": "worded_scenes_test:6", **scoring},)
