"""How a system is scored: every choice that moves a digit, by name.

A protocol is a frozen record with `name`, `condition` (what a cell varies beside the set: "scale"
or "sigma"), `baseline` (the system that shows what was given), `metrics`,
`degrade(image, condition, indices) -> (inputs, reference)` of images (N, H, W, 1 or 3) and their
places in the set, `score(reference, estimate, condition)` and `border(condition)`.
"""

from train.scoring.protocols.denoising import Denoising
from train.scoring.protocols.measures import METRICS
from train.scoring.protocols.super_resolution import SuperResolution

Protocol = Denoising | SuperResolution

PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        # SRCNN, VDSR and their time: luminance alone, low resolution never rounded.
        SuperResolution("luminance", "y", True, "none", "symmetric", True, False),
        SuperResolution("luminance_unrounded", "y", False, "none", "symmetric", False, False),
        SuperResolution(
            "luminance_jpeg_20", "y", True, "once", "symmetric", True, False, jpeg_quality=20
        ),
        # EDSR, RDN: three colours, the low-resolution image is an 8-bit file; `rgb` has the
        # benchmarks' own files, bit for bit, the others those of a later MATLAB in double.
        SuperResolution("rgb", "rgb", False, "between_passes", "clamp", True, False),
        SuperResolution("rgb_y_double", "rgb", False, "once", "symmetric", True, False),
        SuperResolution("rgb_rounded_once", "rgb", False, "once", "symmetric", True, True),
        # NIQE of the rounded luminance, as PIRM took it: images of two blocks of 96x96 at least.
        SuperResolution(
            "rgb_niqe", "rgb", False, "once", "symmetric", True, True,
            metrics=("psnr", "ssim", "niqe"),
        ),
        # DnCNN, FFDNet and their time.
        Denoising("awgn"),
        Denoising("awgn_one_seed", one_seed=True),
        # Restoration at the image's own size; grey, nothing rounded before it is degraded.
        *(
            SuperResolution(
                preset, "y", False, "none", "symmetric", True, False, degradation=preset
            )
            for preset in ("motion_15", "inpainting_50", "ct_40")
        ),
        # The remote-sensing papers: all channels, and sharpness.
        SuperResolution(
            "rgb_channels", "rgb", False, "once", "symmetric", True, False, compared="rgb",
            metrics=("psnr", "ssim", "average_gradient"),
        ),
    )
}  # fmt: skip

__all__ = ["METRICS", "PROTOCOLS", "Denoising", "Protocol", "SuperResolution"]
