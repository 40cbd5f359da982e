"""Training data: made on the device, resident on it, or streamed to it.

A data path has `batch_size`, `patch_size`, `streamed` (whether the host sends something new each
step), `inputs(step, mesh)` (an endless iterator of what the host hands over, from that step on),
`input_shapes(mesh)` (of the same) and `batch(key, inputs)` (pure, compiled into the step). A batch
is a function of (seed, step) alone.
"""

from train.data.image_sets import IMAGE_SETS, ImageSet, image_set
from train.data.patch_data import patches
from train.data.synthetic import DeadLeaves

DATA = {"dead_leaves": DeadLeaves, "patches": patches}

__all__ = ["DATA", "IMAGE_SETS", "ImageSet", "image_set"]
