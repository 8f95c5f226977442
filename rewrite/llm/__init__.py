"""Language models behind one interface: local, served, cached, and a fake for tests."""

from .base import LLM, Completions, Message, Messages, Sampling
from .cache import Cached
from .fake import FakeLLM
from .local.llama_cpp import LlamaCpp
from .local.transformers import TransformersLLM
from .local.vllm import VLLM
from .served.openai import OpenAILLM

__all__ = [
    "LLM",
    "VLLM",
    "Cached",
    "Completions",
    "FakeLLM",
    "LlamaCpp",
    "Message",
    "Messages",
    "OpenAILLM",
    "Sampling",
    "TransformersLLM",
]
