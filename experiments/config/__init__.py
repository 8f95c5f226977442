"""Configs: YAML in, checked values out."""

from .schema import ConfigError, ExperimentConfig, builtin_configs, load_config, read_config
from .training import TrainConfig

__all__ = [
    "ConfigError",
    "ExperimentConfig",
    "TrainConfig",
    "builtin_configs",
    "load_config",
    "read_config",
]
