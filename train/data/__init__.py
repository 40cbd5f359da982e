"""Training data: made on the device, resident on it, or streamed to it.

A source has `fields` (of an item of a batch), `assets` (see `DataSet`), `batch_size`, `patch_size`
where it cuts patches, `streamed` (whether the host sends something new each step), `inputs(step,
mesh)` (an endless iterator of what the host hands over, from that step on), `input_shapes(mesh)`
(of the same) and `batch(key, inputs)` (pure, compiled into the step). A batch is a function of
(seed, step) alone.
"""

from typing import Any

import jax

from train.data.adding import Adding
from train.data.bursts import Bursts
from train.data.caption_data import CaptionedImages
from train.data.class_batches import ClassBatches
from train.data.climate_scenes import ClimateScenes
from train.data.cube_data import cube_patches
from train.data.digit_domains import DigitDomains
from train.data.frame_data import frame_patches
from train.data.frame_scenes import FrameScenes
from train.data.image_sets import IMAGE_SETS, ImageSet, image_set
from train.data.items import Items
from train.data.made_cubes import MadeCubes
from train.data.made_pairs import drawn_pair_patches, made_pair_patches
from train.data.mask_patches import MaskPatches
from train.data.pair_data import pair_patches, unpaired_patches
from train.data.patch_data import patches
from train.data.phantoms import EllipsePhantoms
from train.data.portraits import Portraits
from train.data.series_windows import SeriesWindows
from train.data.shapes import Shapes
from train.data.soil_moisture import SoilMoistureFields
from train.data.synthetic import DeadLeaves, Digits
from train.data.texts import TextWindows
from train.data.textures import Textures
from train.data.tile_data import drawn_tiles, scene_tiles
from train.data.whole_data import labelled, whole
from train.data.worded_scenes import WordedScenes

DATA = {
    "adding": Adding,
    "bursts": Bursts,
    "captioned_images": CaptionedImages,
    "class_batches": ClassBatches,
    "climate_scenes": ClimateScenes,
    "cube_patches": cube_patches,
    "dead_leaves": DeadLeaves,
    "digit_domains": DigitDomains,
    "digits": Digits,
    "drawn_pair_patches": drawn_pair_patches,
    "drawn_tiles": drawn_tiles,
    "ellipses": EllipsePhantoms,
    "frame_patches": frame_patches,
    "frame_scenes": FrameScenes,
    "items": Items,
    "labelled": labelled,
    "made_cubes": MadeCubes,
    "made_pair_patches": made_pair_patches,
    "mask_patches": MaskPatches,
    "pair_patches": pair_patches,
    "patches": patches,
    "portraits": Portraits,
    "scene_tiles": scene_tiles,
    "series_windows": SeriesWindows,
    "shapes": Shapes,
    "soil_moisture_fields": SoilMoistureFields,
    "text_windows": TextWindows,
    "textures": Textures,
    "unpaired_patches": unpaired_patches,
    "whole": whole,
    "worded_scenes": WordedScenes,
}


def example_of(data: Any, mesh: Any) -> dict[str, jax.ShapeDtypeStruct]:
    """A batch of the data as shapes."""
    return jax.eval_shape(data.batch, jax.random.key(0), data.input_shapes(mesh))


__all__ = ["DATA", "IMAGE_SETS", "ImageSet", "example_of", "image_set"]
