"""Configs: YAML in, checked values out."""

from .backends import (
    FakeConfig,
    LlamaCppConfig,
    OpenAIConfig,
    PriceConfig,
    TransformersConfig,
    VLLMConfig,
)
from .engines import DenseConfig, IndexConfig
from .errors import ConfigError
from .file import builtin_configs, load_config, read_config
from .schema import ExperimentConfig
from .training import TrainConfig

__all__ = [
    "ConfigError",
    "DenseConfig",
    "ExperimentConfig",
    "FakeConfig",
    "IndexConfig",
    "LlamaCppConfig",
    "OpenAIConfig",
    "PriceConfig",
    "TrainConfig",
    "TransformersConfig",
    "VLLMConfig",
    "builtin_configs",
    "load_config",
    "read_config",
]
