"""Language models behind one interface: local, served, cached, and a fake for tests."""

from .base import LLM, Completions, Message, Messages, Sampling
from .fake import FakeLLM

__all__ = ["LLM", "Completions", "FakeLLM", "Message", "Messages", "Sampling"]
