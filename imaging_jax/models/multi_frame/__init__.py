"""Networks that make one image of several frames of a place, and what registers and maps it."""

from imaging_jax.models.multi_frame.channel_map import ChannelMap
from imaging_jax.models.multi_frame.deepsum import DeepSUM
from imaging_jax.models.multi_frame.highres_net import HighResNet
from imaging_jax.models.multi_frame.roles import MultiFrameNetwork, clearest_first
from imaging_jax.models.multi_frame.shift_net import ShiftNet
from imaging_jax.models.multi_frame.wdsr3d import WDSR3D

__all__ = [
    "WDSR3D",
    "ChannelMap",
    "DeepSUM",
    "HighResNet",
    "MultiFrameNetwork",
    "ShiftNet",
    "clearest_first",
]
