"""Networks that continue sequences of tokens."""

from imaging_jax.models.language._continuation import continue_tokens
from imaging_jax.models.language.gpt import GPT, Cache
from imaging_jax.models.language.kneser_ney import KneserNey, fit_kneser_ney
from imaging_jax.models.language.roles import LanguageModel

__all__ = ["GPT", "Cache", "KneserNey", "LanguageModel", "continue_tokens", "fit_kneser_ney"]
