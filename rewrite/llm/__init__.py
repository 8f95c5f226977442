"""Language models behind one interface: local, served, cached, and a fake for tests."""

from .base import LLM, Completions, Message, Messages, Sampling
from .cache import Cached
from .fake import FakeLLM
from .openai import OpenAILLM
from .transformers import TransformersLLM
from .vllm import VLLM

__all__ = [
    "LLM",
    "VLLM",
    "Cached",
    "Completions",
    "FakeLLM",
    "Message",
    "Messages",
    "OpenAILLM",
    "Sampling",
    "TransformersLLM",
]
