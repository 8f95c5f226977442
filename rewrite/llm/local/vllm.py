"""A model of vLLM's offline engine: the fast way through many prompts on GPUs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, ClassVar, Final

from ...deadline import LATE, remaining, time_is_over
from ...errors import LLMError
from ...extras import need
from ..base import Completions, Messages, Sampling
from .model import LocalLLM, encode, room

AT_ONCE_IN_TIME: Final = 64
"""Prompts between two looks at the clock; the engine itself cannot be stopped."""


class VLLM(LocalLLM):
    """A causal model in vLLM's engine, loaded at the first prompt.

    Prompts are rendered and cut as by :class:`~pyterrier_rewrite.TransformersLLM`, so the two
    read the same tokens; the engine schedules the whole batch by itself. For a vLLM server that
    runs elsewhere, use an OpenAI-compatible client instead.

    Args:
        model: Hub name or directory.
        adapter: Directory of a LoRA adapter, or None.
        dtype: Number format as vLLM names it; ``"auto"`` takes the checkpoint's own.
        tensor_parallel_size: GPUs that share the model.
        gpu_memory_utilization: Share of each GPU's memory that the engine takes, in (0, 1].
        max_model_len: Longest prompt and completion together in tokens; None takes the model's.
        constrains: Whether methods whose answer is a list hold it to a JSON schema. Small models
            write worse lists so, and published prompts ask for none.
        verbose: Whether to show progress.

    Raises:
        ValueError: If ``max_tokens`` leaves no room for a prompt.
        MissingExtraError: If vllm is missing (at the first prompt).
        LLMError: If the model cannot be loaded (at the first prompt).

    Example:
        >>> from pyterrier_rewrite.llm import VLLM
        >>> llm = VLLM("Qwen/Qwen3-8B", max_model_len=8192)
        >>> llm.generate([[{"role": "user", "content": "sofa"}]])  # doctest: +SKIP

    Reference:
        Kwon et al., "Efficient Memory Management for Large Language Model Serving with
        PagedAttention", SOSP 2023.
    """

    kind: ClassVar[str] = "vllm"

    def __init__(
        self,
        model: str | Path,
        *,
        adapter: str | Path | None = None,
        dtype: str = "auto",
        tensor_parallel_size: int = 1,
        gpu_memory_utilization: float = 0.9,
        max_model_len: int | None = None,
        constrains: bool = False,
        verbose: bool = False,
    ) -> None:
        super().__init__(model, adapter=adapter, revision=None, dtype=dtype)
        self.tensor_parallel_size = tensor_parallel_size
        self.gpu_memory_utilization = gpu_memory_utilization
        self.max_model_len = max_model_len
        self.constrains = constrains
        self.verbose = verbose

    def stream(
        self, prompts: Sequence[Messages], sampling: Sampling
    ) -> Iterator[tuple[int, Completions]]:
        """Answer the whole batch at once, with a deadline in parts; see :meth:`LLM.stream`."""
        if not prompts:
            return
        engine = self.loaded()
        limit = room(engine.llm_engine.model_config.max_model_len, sampling)
        todo: dict[int, dict[str, list[int]]] = {}
        for position, encoded in enumerate(encode(engine.get_tokenizer(), prompts, limit=limit)):
            if isinstance(encoded, str):
                yield position, Completions([], error=encoded)
            else:
                todo[position] = {"prompt_token_ids": encoded[1]}
        if not todo:
            return
        samples = sampling.n if sampling.temperature > 0 else 1  # greedy ones are all the same
        positions = list(todo)
        step = len(todo) if remaining() is None else AT_ONCE_IN_TIME
        for start in range(0, len(todo), step):
            some = positions[start : start + step]
            if time_is_over():
                yield from ((position, Completions([], error=LATE)) for position in some)
                continue
            yield from self._answer({at: todo[at] for at in some}, sampling, samples)

    def _answer(
        self, todo: dict[int, dict[str, list[int]]], sampling: Sampling, samples: int
    ) -> Iterator[tuple[int, Completions]]:
        """Answer prompts, given as tokens by position, all at once."""
        started = perf_counter()
        with self._lock:
            outputs = self.loaded().generate(
                list(todo.values()),
                self._sampling_params(sampling, samples),
                use_tqdm=self.verbose,
                lora_request=self._lora_request(),
            )
        seconds = (perf_counter() - started) / len(todo)
        for position, output in zip(todo, outputs, strict=True):
            written = output.outputs
            answer = Completions(
                [completion.text for completion in written] * (sampling.n // samples),
                prompt_tokens=len(output.prompt_token_ids),
                completion_tokens=sum(len(completion.token_ids) for completion in written),
                seconds=seconds,
                cut=any(completion.finish_reason == "length" for completion in written),
            )
            yield position, answer

    def _load(self) -> Any:
        vllm = need("vllm", "vllm")
        options: dict[str, Any] = {}
        if self.adapter is not None:
            options = {"enable_lora": True, "max_lora_rank": _rank(Path(self.adapter))}
        try:
            return vllm.LLM(
                model=str(self.model),
                dtype=self.dtype,
                tensor_parallel_size=self.tensor_parallel_size,
                gpu_memory_utilization=self.gpu_memory_utilization,
                max_model_len=self.max_model_len,
                **options,
            )
        except Exception as error:  # the engine passes on whatever its parts raise
            raise LLMError(
                f"vLLM cannot load the model {str(self.model)!r}: {error}\nCheck the name or "
                "directory, and that the GPU has room: lower max_model_len or "
                "gpu_memory_utilization, or raise tensor_parallel_size"
            ) from error

    def _sampling_params(self, sampling: Sampling, samples: int) -> Any:
        constraint: dict[str, Any] = {}
        if sampling.schema is not None:
            params = need("vllm.sampling_params", "vllm").StructuredOutputsParams
            constraint = {"structured_outputs": params(json=dict(sampling.schema))}
        return need("vllm", "vllm").SamplingParams(
            n=samples,
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            max_tokens=sampling.max_tokens,
            stop=list(sampling.stop),
            seed=sampling.seed,
            **constraint,
        )

    def _lora_request(self) -> Any:
        if self.adapter is None:
            return None
        return need("vllm.lora.request", "vllm").LoRARequest("adapter", 1, str(self.adapter))


def _rank(adapter: Path) -> int:
    """Return the smallest rank that vLLM knows and that the adapter fits in."""
    try:
        rank = json.loads((adapter / "adapter_config.json").read_text())["r"]
    except (OSError, ValueError, KeyError) as error:
        raise LLMError(
            f"expected the directory of a LoRA adapter with adapter_config.json, found {adapter}: "
            f"{error}"
        ) from error
    return max(8, 1 << (int(rank) - 1).bit_length())
