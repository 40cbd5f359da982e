"""Named degradations as values: what is measured, and what networks are given of it."""

from collections.abc import Sequence
from dataclasses import dataclass

Steps = Sequence[tuple[str, dict]]


@dataclass(frozen=True)
class Degradation:
    """A degradation as lists of (function's name, values), applied in order.

    Attributes:
      measure: names of `train.data.degradations.MEASURE`, from the reference to the measurement.
      reference: names of REFERENCE there, applied to the reference beforehand, also where it is
        compared.
      target: names of REFERENCE there, from the reference to what should be restored of it, where
        that isn't the reference itself.
      estimate: names of ESTIMATE there, from the measurement to the image that networks are given,
        where that isn't the measurement itself.
      scale: by which it shrinks the image, where it serves one scale alone.
    """

    measure: Steps
    reference: Steps = ()
    target: Steps = ()
    estimate: Steps = ()
    scale: int = 1


_CT_VIEWS = 40
# Of FBPConvNet, which restores what many views would show, of a seventh and a twentieth of them.
_ALL_VIEWS, _FEW_VIEWS = 180, (26, 9)
_NOISE = ("gaussian_noise", {"sigma": 2.55 / 255})
_BLURS = {
    "gaussian_1.6": ("circular_gaussian_blur", {"size": 25, "sigma": 1.6}),
    "box_9": ("box_blur", {"size": 9}),
    "diagonal_15": ("diagonal_motion", {"length": 15}),
}
# Circular blurs and noise, of 255, that plug-and-play restoration is compared on.
_BLURRED = {
    f"{blur}_noise_{level:g}": Degradation(
        [_BLURS[blur], ("gaussian_noise", {"sigma": level / 255})]
    )
    for blur, level in (
        ("gaussian_1.6", 2.0),
        ("gaussian_1.6", 2.55),
        ("gaussian_1.6", 7.65),
        ("box_9", 2.55),
        ("box_9", 7.65),
        ("diagonal_15", 2.55),
        ("diagonal_15", 7.65),
    )
}
DEBLURRING = tuple(_BLURRED)
# Circular blurs of which every second or fourth pixel is kept, that it is also compared on.
_DECIMATED = {
    f"gaussian_1.6_x{scale}": Degradation(
        [("decimated_gaussian_blur", {"size": 25, "sigma": 1.6}), _NOISE], scale=scale
    )
    for scale in (2, 4)
}
DECIMATION = tuple(_DECIMATED)

PRESETS = {
    "bicubic": Degradation([("resize", {"rounding": "none"})]),
    "bicubic_8bit": Degradation([("resize", {"rounding": "once"})]),
    # BD and DN of the super-resolution literature (Zhang et al., RDN, 2018).
    "blur_bicubic": Degradation(
        [("gaussian_blur", {"size": 7, "sigma": 1.6}), ("resize", {"rounding": "once"})]
    ),
    "bicubic_noise": Degradation(
        [("resize", {"rounding": "none"}), ("gaussian_noise", {"sigma": 30 / 255})]
    ),
    "jpeg_20": Degradation([("jpeg", {"quality": 20})]),
    "jpeg_5_to_95": Degradation([("jpeg_of_drawn_quality", {"lowest": 5, "highest": 95})]),
    "motion_15": Degradation(
        [("diagonal_motion", {"length": 15}), _NOISE],
        estimate=[("wiener", {"length": 15, "noise_to_signal": 0.01})],
    ),
    "inpainting_50": Degradation(
        [_NOISE, ("random_mask", {"kept": 0.5})],
        estimate=[("normalized_convolution", {"size": 9, "sigma": 1.0})],
    ),
    "ct_40": Degradation(
        [("radon", {"views": _CT_VIEWS}), _NOISE],
        reference=[("inscribed_disc", {})],
        estimate=[("filtered_back_projection", {"views": _CT_VIEWS})],
    ),
    **{
        f"ct_{views}_of_{_ALL_VIEWS}": Degradation(
            [("radon", {"views": views})],
            reference=[("inscribed_disc", {})],
            target=[("back_projection_of_views", {"views": _ALL_VIEWS}), ("inscribed_disc", {})],
            estimate=[
                ("filtered_back_projection", {"views": views}),
                ("inscribed_disc", {}),
            ],
        )
        for views in _FEW_VIEWS
    },
    # A sensor's mosaic of colours.
    "bayer": Degradation([("bayer_mosaic", {})], estimate=[("demosaic", {})]),
    **_BLURRED,
    **_DECIMATED,
}
