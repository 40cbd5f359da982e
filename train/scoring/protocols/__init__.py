"""How a system is scored: every choice that moves a digit, by name."""

from train.data.presets import DEBLURRING, DECIMATION
from train.scoring.protocols.blind_spots import BlindSpotProtocol
from train.scoring.protocols.bursts import BurstProtocol
from train.scoring.protocols.captions import CaptionProtocol
from train.scoring.protocols.changes import ChangeProtocol
from train.scoring.protocols.classification import ClassificationProtocol
from train.scoring.protocols.cube_reconstruction import (
    SnapshotImagingProtocol,
    SpectralReconstructionProtocol,
)
from train.scoring.protocols.cubes import CubeCaseProtocol, CubeNoiseProtocol
from train.scoring.protocols.deblurring import OneSeedProtocol
from train.scoring.protocols.downscaling import DownscalingProtocol
from train.scoring.protocols.forecasting import ForecastingProtocol
from train.scoring.protocols.frames import FramesProtocol
from train.scoring.protocols.generation import GenerationProtocol
from train.scoring.protocols.jpeg import JpegProtocol
from train.scoring.protocols.language import LanguageProtocol
from train.scoring.protocols.linear_probe import LinearProbeProtocol
from train.scoring.protocols.paired import DatesProtocol, PairedProtocol
from train.scoring.protocols.phases import PhaseProtocol, ShotNoisePhaseProtocol
from train.scoring.protocols.prompts import PromptProtocol
from train.scoring.protocols.protocol import Batch, Protocol, Shown
from train.scoring.protocols.reconstruction import ReconstructionProtocol
from train.scoring.protocols.regression import RegressionProtocol
from train.scoring.protocols.restoration import RestorationProtocol
from train.scoring.protocols.retrieval import RetrievalProtocol
from train.scoring.protocols.segmentation import (
    LineProtocol,
    RegionProtocol,
    SegmentationProtocol,
)
from train.scoring.protocols.soil_moisture import (
    SoilMoistureFieldsProtocol,
    SoilMoistureProtocol,
)
from train.scoring.protocols.spectra import SpectrumProtocol
from train.scoring.protocols.stylization import StylizationProtocol
from train.scoring.protocols.white_noise import CorrelatedNoiseProtocol, WhiteNoiseProtocol

_JUDGE = "lenet5_mnist_csinva"
_OF_DIGITS = ("mse", "mae", "ssim_range_2", "ssim_range_1", "recovered")

PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (
        # SRCNN, VDSR and their time: luminance alone, low resolution never rounded.
        RestorationProtocol("luminance", "y", True, "none", "symmetric", True, False),
        RestorationProtocol("luminance_unrounded", "y", False, "none", "symmetric", False, False),
        RestorationProtocol(
            "luminance_jpeg_20", "y", True, "once", "symmetric", True, False, jpeg_quality=20
        ),
        # EDSR, RDN: three colours, the low-resolution image is an 8-bit file; `rgb` has the
        # benchmarks' own files, bit for bit, the others those of a later MATLAB in double.
        RestorationProtocol("rgb", "rgb", False, "between_passes", "clamp", True, False),
        RestorationProtocol("rgb_y_double", "rgb", False, "once", "symmetric", True, False),
        RestorationProtocol("rgb_rounded_once", "rgb", False, "once", "symmetric", True, True),
        # NIQE of the rounded luminance, as PIRM took it: images of two blocks of 96x96 at least.
        RestorationProtocol(
            "rgb_niqe", "rgb", False, "once", "symmetric", True, True,
            metrics=("psnr", "ssim", "niqe"),
        ),
        # How sharp the images are, for what is trained to look real.
        RestorationProtocol(
            "rgb_sharpness", "rgb", False, "once", "symmetric", True, True,
            metrics=("psnr", "ssim", "average_gradient"),
        ),
        # DnCNN, FFDNet and their time.
        WhiteNoiseProtocol("awgn"),
        WhiteNoiseProtocol("awgn_one_seed", one_seed=True),
        CorrelatedNoiseProtocol("correlated_noise"),
        JpegProtocol("jpeg"),
        # Noisy images alone.
        BlindSpotProtocol("blind_spots"),
        # Restoration at the image's own size; grey, nothing rounded before it is degraded.
        *(
            RestorationProtocol(
                preset, "y", False, "none", "symmetric", True, False, degradation=preset
            )
            for preset in ("motion_15", "inpainting_50", "ct_40")
        ),
        # FBPConvNet's: what many views would show, by the ratio that its authors take.
        *(
            RestorationProtocol(
                preset, "y", False, "none", "symmetric", False, False, degradation=preset,
                metrics=("regressed_snr", "psnr", "ssim"),
            )
            for preset in ("ct_26_of_180", "ct_9_of_180")
        ),
        # Plug-and-play: circular blurs, one noise field for all; spectra by published masks.
        *(OneSeedProtocol(f"{preset}_one_seed", preset) for preset in (*DEBLURRING, *DECIMATION)),
        OneSeedProtocol("bayer", "bayer", left_out=10, metrics=("psnr", "mpsnr", "ssim")),
        *(
            SpectrumProtocol(f"mri_{mask.lower()}_30", mask)
            for mask in ("Random", "Radial", "Cartesian")
        ),
        # Phase retrieval: of prDeep's images, and of digits as the learned methods take them.
        PhaseProtocol("phase_2", 2.0, clipped=True),
        *(
            PhaseProtocol(
                f"phase_{oversampling:g}_digits", oversampling, clipped=False,
                metrics=_OF_DIGITS,
            )
            for oversampling in (1.0, 1.25, 1.5, 2.0)
        ),
        ShotNoisePhaseProtocol("phase_2_shot_noise", 2.0, clipped=True),
        ShotNoisePhaseProtocol(
            "phase_1.5_digits_shot_noise", 1.5, clipped=False, metrics=_OF_DIGITS
        ),
        # The remote-sensing papers: all channels, and sharpness.
        RestorationProtocol(
            "rgb_channels", "rgb", False, "once", "symmetric", True, False, compared="rgb",
            metrics=("psnr", "ssim", "average_gradient"),
        ),
        # Texts, by their characters.
        LanguageProtocol("language"),
        # Generators, by a published classifier's features or by pixels.
        GenerationProtocol("judge", _JUDGE),
        GenerationProtocol("pixels"),
        # Autoencoders, given the image or the image under noise.
        ReconstructionProtocol("reconstruction"),
        ReconstructionProtocol("reconstruction_judge", _JUDGE),
        ReconstructionProtocol("reconstruction_judge_noise_50", _JUDGE, noise=0.5),
        # Hyperspectral cubes: white noise, and the complex cases.
        CubeNoiseProtocol("cube_noise"),
        CubeCaseProtocol("cube_cases"),
        # Cubes of colour images, and of coded snapshots by a published mask or one that needs no
        # file.
        SpectralReconstructionProtocol("spectral_reconstruction"),
        SnapshotImagingProtocol("snapshot_imaging"),
        SnapshotImagingProtocol("snapshot_imaging_drawn", mask="drawn"),
        ClassificationProtocol("classification"),
        # What frozen codes know of classes.
        LinearProbeProtocol("linear_probe"),
        # What is like an image, by the distance of codes.
        RetrievalProtocol("retrieval"),
        RetrievalProtocol("retrieval_euclidean", "euclidean"),
        RetrievalProtocol("retrieval_manhattan", "manhattan"),
        # What has changed since the dates before.
        ChangeProtocol("change"),
        # Sentences that describe images.
        CaptionProtocol("captions"),
        # What pixels are: by overlap, as regions that borders part, and as lines.
        SegmentationProtocol("masks"),
        RegionProtocol("regions"),
        LineProtocol("lines"),
        BurstProtocol("bursts"),
        # Several frames of a place, of one sensor or for another's image.
        FramesProtocol("frames"),
        FramesProtocol("sensors", metrics=("cpsnr", "psnr"), scale=134 / 64),
        # Masks of what one point, or a box, means.
        PromptProtocol("prompts_points", "point"),
        PromptProtocol("prompts_boxes", "box"),
        # Cloud removal, of one image or of several dates.
        PairedProtocol("paired"),
        DatesProtocol("dates"),
        # Fields of climate, enlarged with the help of terrain.
        DownscalingProtocol("downscaling"),
        # What comes next in time.
        ForecastingProtocol("forecasting"),
        # Numbers told of series and features.
        RegressionProtocol("regression"),
        SoilMoistureProtocol("soil_moisture"),
        SoilMoistureFieldsProtocol("soil_moisture_fields"),
        # Photographs made to look painted.
        StylizationProtocol("stylization"),
    )
}  # fmt: skip

__all__ = [
    "PROTOCOLS",
    "Batch",
    "BlindSpotProtocol",
    "BurstProtocol",
    "CaptionProtocol",
    "ChangeProtocol",
    "ClassificationProtocol",
    "CorrelatedNoiseProtocol",
    "CubeCaseProtocol",
    "CubeNoiseProtocol",
    "DatesProtocol",
    "DownscalingProtocol",
    "ForecastingProtocol",
    "FramesProtocol",
    "GenerationProtocol",
    "JpegProtocol",
    "LineProtocol",
    "LinearProbeProtocol",
    "OneSeedProtocol",
    "PairedProtocol",
    "PhaseProtocol",
    "PromptProtocol",
    "Protocol",
    "ReconstructionProtocol",
    "RegionProtocol",
    "RegressionProtocol",
    "RestorationProtocol",
    "RetrievalProtocol",
    "SegmentationProtocol",
    "ShotNoisePhaseProtocol",
    "Shown",
    "SnapshotImagingProtocol",
    "SoilMoistureFieldsProtocol",
    "SoilMoistureProtocol",
    "SpectralReconstructionProtocol",
    "SpectrumProtocol",
    "WhiteNoiseProtocol",
]
