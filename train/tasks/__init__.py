"""Tasks: what is trained and how it is applied. The loop knows nothing else of them."""

from train.tasks.adversarial import Adversarial
from train.tasks.adversarial_super_resolution import AdversarialSuperResolution
from train.tasks.autoencoding import Autoencoding
from train.tasks.burst_denoising import BurstDenoising
from train.tasks.captioning import Captioning
from train.tasks.change_detection import ChangeDetection
from train.tasks.classification import Classification
from train.tasks.cube_denoising import CubeDenoising
from train.tasks.cycle_translation import CycleTranslation
from train.tasks.denoising import Denoising
from train.tasks.downscaling import Downscaling
from train.tasks.forecasting import Forecasting
from train.tasks.language_modelling import LanguageModelling
from train.tasks.metric_learning import MetricLearning
from train.tasks.multi_frame import MultiFrameSuperResolution
from train.tasks.phase_retrieval import PhaseRetrieval
from train.tasks.promptable_segmentation import PromptableSegmentation
from train.tasks.registered_super_resolution import (
    RadiometricSuperResolution,
    RegisteredSuperResolution,
)
from train.tasks.regression import Regression
from train.tasks.segmentation import Segmentation
from train.tasks.snapshot_imaging import SnapshotImaging
from train.tasks.soil_moisture_fields import SoilMoistureFields
from train.tasks.spectral_reconstruction import SpectralReconstruction
from train.tasks.style_adversarial import StyleAdversarial
from train.tasks.stylization import Stylization
from train.tasks.super_resolution import SuperResolution
from train.tasks.task import Task
from train.tasks.translation import Translation
from train.tasks.variational import Variational
from train.tasks.without_clean_images import Noise2Noise, Noise2Void, Noisier2Noise

TASKS: dict[str, type[Task]] = {
    "adversarial": Adversarial,
    "adversarial_super_resolution": AdversarialSuperResolution,
    "autoencoding": Autoencoding,
    "burst_denoising": BurstDenoising,
    "change_detection": ChangeDetection,
    "captioning": Captioning,
    "classification": Classification,
    "cube_denoising": CubeDenoising,
    "cycle_translation": CycleTranslation,
    "denoising": Denoising,
    "downscaling": Downscaling,
    "forecasting": Forecasting,
    "language_modelling": LanguageModelling,
    "metric_learning": MetricLearning,
    "multi_frame_super_resolution": MultiFrameSuperResolution,
    "noise2noise": Noise2Noise,
    "noise2void": Noise2Void,
    "noisier2noise": Noisier2Noise,
    "phase_retrieval": PhaseRetrieval,
    "radiometric_super_resolution": RadiometricSuperResolution,
    "registered_super_resolution": RegisteredSuperResolution,
    "regression": Regression,
    "segmentation": Segmentation,
    "promptable_segmentation": PromptableSegmentation,
    "snapshot_imaging": SnapshotImaging,
    "soil_moisture_fields": SoilMoistureFields,
    "spectral_reconstruction": SpectralReconstruction,
    "style_adversarial": StyleAdversarial,
    "stylization": Stylization,
    "super_resolution": SuperResolution,
    "translation": Translation,
    "variational": Variational,
}

__all__ = [
    "TASKS",
    "Adversarial",
    "AdversarialSuperResolution",
    "Autoencoding",
    "BurstDenoising",
    "Captioning",
    "ChangeDetection",
    "Classification",
    "CubeDenoising",
    "CycleTranslation",
    "Denoising",
    "Downscaling",
    "Forecasting",
    "LanguageModelling",
    "MetricLearning",
    "MultiFrameSuperResolution",
    "Noise2Noise",
    "Noise2Void",
    "Noisier2Noise",
    "PhaseRetrieval",
    "PromptableSegmentation",
    "RadiometricSuperResolution",
    "RegisteredSuperResolution",
    "Regression",
    "Segmentation",
    "SnapshotImaging",
    "SoilMoistureFields",
    "SpectralReconstruction",
    "StyleAdversarial",
    "Stylization",
    "SuperResolution",
    "Task",
    "Translation",
    "Variational",
]
