"""The file boundary: pictures in and out, and their levels."""

from train.data.images.class_maps import overlay, write_class_map
from train.data.images.files import SUFFIXES, distinct_names, image_files, pictures_below
from train.data.images.levels import from_float, jpeg_round_trip, to_float, to_rgb, to_uint8
from train.data.images.picture import Picture, longer_side_at
from train.data.images.reading import UnreadableImage, read, read_pages, software
from train.data.images.writing import (
    appearing_whole,
    check_writable,
    lost,
    write,
    write_pages,
)

__all__ = [
    "SUFFIXES",
    "Picture",
    "UnreadableImage",
    "appearing_whole",
    "check_writable",
    "distinct_names",
    "from_float",
    "image_files",
    "jpeg_round_trip",
    "longer_side_at",
    "lost",
    "overlay",
    "pictures_below",
    "read",
    "read_pages",
    "software",
    "to_float",
    "to_rgb",
    "to_uint8",
    "write",
    "write_class_map",
    "write_pages",
]
