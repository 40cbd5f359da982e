"""Networks that predict what comes next in time."""

from imaging_jax.models.forecasting.conv_lstm import ConvLSTM, ConvLSTMCell
from imaging_jax.models.forecasting.embedded_tcn import EmbeddedTCN
from imaging_jax.models.forecasting.pixel_tcn import PixelTCN
from imaging_jax.models.forecasting.roles import Forecaster
from imaging_jax.models.forecasting.tcn import TCN

__all__ = ["TCN", "ConvLSTM", "ConvLSTMCell", "EmbeddedTCN", "Forecaster", "PixelTCN"]
