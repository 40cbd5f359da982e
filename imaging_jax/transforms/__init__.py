"""Colour spaces and the sub-pixel shuffle."""

from imaging_jax.transforms._color import luminance, rgb_to_ycbcr, ycbcr_to_rgb
from imaging_jax.transforms._pixel_shuffle import depth_to_space, space_to_depth

__all__ = ["depth_to_space", "luminance", "rgb_to_ycbcr", "space_to_depth", "ycbcr_to_rgb"]
