"""Networks that tell how moist soil is of what is measured from above."""

from imaging_jax.models.soil_moisture.field_cnn import FieldCNN
from imaging_jax.models.soil_moisture.mlp_regressor import MLPRegressor

__all__ = ["FieldCNN", "MLPRegressor"]
