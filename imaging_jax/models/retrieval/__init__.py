"""Networks that describe images by vectors, by which like ones are found."""

from imaging_jax.models.retrieval.descriptor_net import DescriptorNet

__all__ = ["DescriptorNet"]
