"""Language models behind one interface: local, served, cached, and a fake for tests."""

from .base import LLM, Completions, Message, Messages, Sampling
from .fake import FakeLLM
from .openai import OpenAILLM
from .transformers import TransformersLLM
from .vllm import VLLM

__all__ = [
    "LLM",
    "VLLM",
    "Completions",
    "FakeLLM",
    "Message",
    "Messages",
    "OpenAILLM",
    "Sampling",
    "TransformersLLM",
]
