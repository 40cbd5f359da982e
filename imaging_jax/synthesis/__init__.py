"""Images made on the device from a random key, and puzzles of images: data without labels."""

from imaging_jax.synthesis._bursts import Burst, burst
from imaging_jax.synthesis._climate_scenes import ClimateScene, Quantity, climate_scene
from imaging_jax.synthesis._climate_variable import climate_variable
from imaging_jax.synthesis._dead_leaves import Leaves, dead_leaves, draw_leaves, sample_leaves
from imaging_jax.synthesis._digits import digit, digits
from imaging_jax.synthesis._ellipse_phantom import ellipse_phantom
from imaging_jax.synthesis._frame_scenes import FrameScene, frame_scene
from imaging_jax.synthesis._jigsaw import jigsaw
from imaging_jax.synthesis._location_pairs import drop_colors, location_pairs, project_colors
from imaging_jax.synthesis._oriented_textures import TEXTURES, oriented_texture
from imaging_jax.synthesis._pairs import clouded, edge_map, label_map, radar_like
from imaging_jax.synthesis._permutations import distant_permutations
from imaging_jax.synthesis._portraits import Portrait, portrait
from imaging_jax.synthesis._power_law_texture import power_law_texture
from imaging_jax.synthesis._shapes import Shapes, shapes
from imaging_jax.synthesis._smooth_fields import smooth_fields
from imaging_jax.synthesis._soil_moisture import (
    BLOCK,
    SoilMoisture,
    SoilMoistureField,
    soil_moisture,
    soil_moisture_field,
)
from imaging_jax.synthesis._spectral_cubes import spectral_cube
from imaging_jax.synthesis._worded_scenes import WordedScene, worded_scene

__all__ = [
    "BLOCK",
    "TEXTURES",
    "Burst",
    "ClimateScene",
    "FrameScene",
    "Leaves",
    "Portrait",
    "Quantity",
    "Shapes",
    "SoilMoisture",
    "SoilMoistureField",
    "WordedScene",
    "burst",
    "climate_scene",
    "climate_variable",
    "clouded",
    "dead_leaves",
    "digit",
    "digits",
    "distant_permutations",
    "draw_leaves",
    "drop_colors",
    "edge_map",
    "ellipse_phantom",
    "frame_scene",
    "jigsaw",
    "label_map",
    "location_pairs",
    "oriented_texture",
    "portrait",
    "power_law_texture",
    "project_colors",
    "radar_like",
    "sample_leaves",
    "shapes",
    "smooth_fields",
    "soil_moisture",
    "soil_moisture_field",
    "spectral_cube",
    "worded_scene",
]
