"""Language models in a config: one model of its keys a backend, which makes it."""

from __future__ import annotations

import os
from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Union

from pydantic import Field

from pyterrier_rewrite.llm import LLM, VLLM, FakeLLM, LlamaCpp, OpenAILLM, TransformersLLM

from .errors import ConfigError, Strict, blamed_on


class PriceConfig(Strict):
    """Money a million tokens, in any one currency.

    Attributes:
        prompt: For a million tokens of prompts.
        completion: For a million tokens of answers.
    """

    prompt: float = Field(ge=0)
    completion: float = Field(ge=0)


class Backend(Strict):
    """What every kind of model has; each adds its ``type`` and keys of its own.

    Attributes:
        cache: Where answers are kept: true is a file in the home, false none, or the path of a
            file.
        offline: Answer from the cache alone; what is not in it fails.
        price: For the table and for a budget in money; none is needed without.
    """

    cache: bool | Path = True
    offline: bool = False
    price: PriceConfig | None = None

    @abstractmethod
    def make(self, name: str, *, verbose: bool) -> LLM:
        """Return the model, without a cache; ``name`` is the config's for it."""

    def own(self, *without: str) -> dict[str, Any]:
        """Return the keys of this backend that others do not have, but for some."""
        return self.model_dump(exclude={"type", *Backend.model_fields, *without})


class OpenAIConfig(Backend):
    """A server that speaks OpenAI's protocol; the key comes from an environment variable.

    Attributes:
        type: This kind.
        model: Name of the model, as the server knows it.
        base_url: Address of the server, such as ``http://localhost:11434/v1``; OpenAI's own if
            it is not given.
        api_key_env: Environment variable that holds the key. A server of your own may need none.
        concurrency: Requests that are in flight at once.
        timeout: Seconds that one request may take.
        retries: How often a request is sent again that failed for a passing reason.
        temperature: Of every request, in place of what methods ask for.
        extra_body: Further parameters of every request, such as ``{reasoning_effort: low}``; they
            win over ours, and null leaves one of ours out. Neither the prompt, nor the model, nor
            a number of samples.
        headers: Further headers of every request. A value ``$NAME`` is that of the environment
            variable, so that no secret stands in a config.
        constrains: Whether lists are asked for in JSON, by a schema; small models write worse ones.
    """

    type: Literal["openai"]
    model: str
    base_url: str | None = None
    api_key_env: str = "OPENAI_API_KEY"
    concurrency: int = Field(64, ge=1)
    timeout: float = Field(60.0, gt=0)
    retries: int = Field(5, ge=0)
    temperature: float | None = Field(None, ge=0)
    extra_body: dict[str, Any] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    constrains: bool = False

    def make(self, name: str, *, verbose: bool) -> LLM:
        """Return the client."""
        key = os.environ.get(self.api_key_env)
        if key is None and self.base_url is None and not self.offline:
            raise ConfigError(
                f"llms.{name}: the environment variable {self.api_key_env} is not set; "
                "set it, or give base_url for a server of your own"
            )
        own = {"temperature": self.temperature} if self.temperature is not None else {}
        headers = {header: self._told(name, header) for header in self.headers}
        with blamed_on(f"llms.{name}", ValueError):
            return OpenAILLM(
                api_key=key,
                extra_body=own | self.extra_body or None,
                headers=headers or None,
                verbose=verbose,
                **self.own("api_key_env", "temperature", "extra_body", "headers"),
            )

    def _told(self, name: str, header: str) -> str:
        value = self.headers[header]
        if not value.startswith("$"):
            return value
        found = os.environ.get(value[1:])
        if found is None:
            raise ConfigError(
                f"llms.{name}.headers.{header}: the environment variable {value[1:]} is not set"
            )
        return found


class TransformersConfig(Backend):
    """A local model, by hub name or path.

    Attributes:
        type: This kind.
        model: Name on the hub, or path of a folder.
        adapter: An adapter (PEFT) on it, by name or path.
        revision: Branch, tag or commit on the hub.
        device: Such as ``cpu`` or ``cuda:0``; by default a GPU, where there is one.
        dtype: Such as ``bfloat16``; by default that of the weights, or what the processor is fast
            in.
        gguf_file: Name of a GGUF file in ``model``, which is then loaded.
        batch_size: Prompts that are answered at once.
    """

    type: Literal["transformers"]
    model: str
    adapter: str | None = None
    revision: str | None = None
    device: str | None = None
    dtype: str | None = None
    gguf_file: str | None = None
    batch_size: int = Field(16, ge=1)

    def make(self, name: str, *, verbose: bool) -> LLM:
        """Return the model, which is loaded when it is used."""
        return TransformersLLM(verbose=verbose, **self.own())


class LlamaCppConfig(Backend):
    """A model in one GGUF file, run by llama.cpp in this process.

    Attributes:
        type: This kind.
        model: Path of the file.
        context: Longest prompt and completion together, in tokens.
        batch_size: Completions that are written at once.
        threads: CPU threads; by default one less than there are cores.
        constrains: Whether lists are asked for in JSON, by a schema; small models write worse ones.
    """

    type: Literal["llama.cpp"]
    model: str
    context: int = Field(4096, ge=1)
    batch_size: int = Field(4, ge=1)
    threads: int | None = Field(None, ge=1)
    constrains: bool = False

    def make(self, name: str, *, verbose: bool) -> LLM:
        """Return the model, which is loaded when it is used."""
        return LlamaCpp(verbose=verbose, **self.own())


class VLLMConfig(Backend):
    """A local model in vLLM's offline engine.

    Attributes:
        type: This kind.
        model: Name on the hub, or path of a folder.
        adapter: A LoRA adapter on it, by name or path.
        dtype: Such as ``bfloat16``; ``auto`` is that of the weights.
        constrains: Whether lists are asked for in JSON, by a schema; small models write worse ones.
    """

    type: Literal["vllm"]
    model: str
    adapter: str | None = None
    dtype: str = "auto"
    constrains: bool = False

    def make(self, name: str, *, verbose: bool) -> LLM:
        """Return the model, which is loaded when it is used."""
        return VLLM(verbose=verbose, **self.own())


class FakeConfig(Backend):
    """A scripted model, for trying a config out.

    Attributes:
        type: This kind.
        cache: As with the others, but none by default.
        reply: One text for every prompt; a list, given in turn, from its start again at its end;
            or a mapping, which gives the value of the first key that occurs in the prompt. By
            default the prompt comes back.
    """

    type: Literal["fake"]
    cache: bool | Path = False
    reply: str | list[str] | dict[str, str] | None = None

    def make(self, name: str, *, verbose: bool) -> LLM:
        """Return the script."""
        return FakeLLM(self.reply, name=name)


BACKENDS: Final = (OpenAIConfig, TransformersConfig, LlamaCppConfig, VLLMConfig, FakeConfig)
"""All there are: a new one is a model of its keys, and a name in this line."""

if TYPE_CHECKING:
    LLMConfig = Backend
else:
    LLMConfig = Annotated[Union[BACKENDS], Field(discriminator="type")]  # noqa: UP007 - of a tuple
