"""A language model behind any server that speaks OpenAI's chat completions."""

from __future__ import annotations

import json
import os
import re
import warnings
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import pyterrier as pt
from annotated_types import Ge, Le

from ...deadline import remaining
from ...errors import LLMError
from ...ranges import Natural, Positive, check_attributes
from ..base import LLM, Completions, MayPay, Messages, Sampling
from .batch import Batch
from .connection import bare_key, clean_key, need_client
from .dialect import Dialect, in_words
from .loop import Emit, background_loop, in_loop
from .server import server_at
from .trouble import Trouble

OPENAI_URL: Final = "https://api.openai.com/v1"

SAME_TIMES: Final = 3
"""Answers running whose samples are all equal that are no chance."""

_SAID: Final = {
    "model": "give it as model=",
    "messages": "a model is asked what generate() is given: change the prompt of the rewriter",
    "prompt": "a model is asked what generate() is given: change the prompt of the rewriter",
    "input": "a model is asked what generate() is given: change the prompt of the rewriter",
    "n": "give the method its number of samples, such as n= of generate(); None leaves it out",
    "best_of": "give the method its number of samples, such as n= of generate()",
}
"""Parameters that ``extra_body`` cannot set, since what is read depends on them."""

_NAME = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)
_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")


class OpenAILLM(LLM):
    """A served model: OpenAI, vLLM, Ollama, llama.cpp, or any other compatible server.

    Requests run at once, from scripts, threads and notebooks alike, over connections that all
    models of the process share. Fewer are sent while the server does not keep up. A request that
    fails for a passing reason (no connection, timeout, status 408, 409, 425, 429 or 5xx, an answer
    that cannot be read or has no text) is sent again with growing, random waits, and no sooner
    than the server asks. What fails for good is a :class:`~pyterrier_rewrite.Completions` with
    ``error``; what concerns every request (wrong key, no such model, no server) ends the batch.
    The same request in flight is sent once, if its answer is repeatable.

    Args:
        model: The model's name on the server.
        base_url: Where the server is, often ending in ``/v1``; None is ``OPENAI_BASE_URL`` of
            the environment, else OpenAI.
        api_key: The key; None is ``OPENAI_API_KEY`` of the environment, else, for a
            ``base_url`` of your own, none. Shown nowhere and not pickled: where a pickle is
            loaded, the environment must have it.
        concurrency: Requests in flight at most, over all calls and threads, between 1 and 1,000.
        timeout: Seconds a request may take, over 0.
        retries: How often a request is sent again, 0 or more; failures that other requests are
            to blame for (a queue, a quota) are not counted.
        extra_body: Further request parameters, such as ``{"reasoning_effort": "low"}``; they
            win over ours, and None leaves one of ours out (``{"temperature": None}`` for a
            model that takes no temperature, ``{"n": None}`` for a server that gives one choice
            a request). Neither the prompt, nor the model, nor a number of samples.
            Part of :attr:`identity`, so no place for secrets.
        headers: Further headers of every request, such as ``{"api-key": …}``; they win over ours.
            They are no part of :attr:`identity`, and shown nowhere, but pickles hold them.
        constrains: Whether methods whose answer is a list hold it to a JSON schema; a server that
            refuses is asked again without. Small models write worse lists so, and published
            prompts ask for none. Not beside a ``response_format`` of your own.
        verbose: Show progress.

    Raises:
        ValueError: If a number is out of range, ``extra_body`` says what the client says itself,
            or a header cannot be sent.

    Example:
        >>> llm = OpenAILLM("qwen3:8b", base_url="http://localhost:11434/v1", concurrency=4)
        >>> llm
        OpenAILLM("openai:qwen3:8b@localhost:11434/v1")
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        concurrency: Annotated[int, Ge(1), Le(1000)] = 64,
        timeout: Positive = 60.0,
        retries: Natural = 5,
        extra_body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        constrains: bool = False,
        verbose: bool = False,
    ) -> None:
        self.model = model
        self.base_url = base_url
        self.api_key = None if api_key is None else _Secret(api_key)
        self.concurrency = concurrency
        self.timeout = timeout
        self.retries = retries
        self.extra_body = extra_body
        self.headers = headers
        self.constrains = constrains
        self.verbose = verbose
        self._dialect = Dialect()
        self._news: deque[str] = deque()
        self._equal_samples = 0
        check_attributes(self)
        for name in _SAID.keys() & (extra_body or {}).keys():
            if name == "messages" or (extra_body or {})[name] is not None:
                raise ValueError(f"extra_body: {name!r} is not to be set here; {_SAID[name]}")
        if constrains and "response_format" in (extra_body or {}):
            raise ValueError("constrains: extra_body has a response_format; set one of the two")
        for name, value in (headers or {}).items():
            if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
                raise ValueError(
                    f"headers: {name!r} cannot be sent; a name is one word, a value one line"
                )

    @property
    def identity(self) -> str:
        """The model, where it is served (without credentials), and the extra parameters."""
        extra = f" {json.dumps(dict(self.extra_body), sort_keys=True)}" if self.extra_body else ""
        return f"openai:{self.model}@{self.endpoint}{extra}"

    @property
    def endpoint(self) -> str:
        """Host, port and path of the server, without credentials."""
        url = urlsplit(self._url)
        return url.netloc.rpartition("@")[2] + url.path.rstrip("/")

    def stream(
        self, prompts: Sequence[Messages], sampling: Sampling
    ) -> Iterator[tuple[int, Completions]]:
        """Answer prompts, each as soon as it is done.

        ``seconds`` of an answer is the time from sending its request to its end, waits
        included. Closing the iterator cancels the requests that are still out.

        Raises:
            LLMError: If what went wrong concerns every request.
            MissingExtraError: If the client is not installed.
        """
        return self.stream_within(prompts, sampling, lambda prompt, completions: True)

    def stream_within(
        self, prompts: Sequence[Messages], sampling: Sampling, may_pay: MayPay
    ) -> Iterator[tuple[int, Completions]]:
        """Answer prompts, and ask before one that was paid for and brought no text is sent again.

        Raises:
            LLMError: If what went wrong concerns every request.
            MissingExtraError: If the client is not installed.
        """
        need_client()
        if urlsplit(self._url).scheme not in ("http", "https"):
            raise LLMError(
                "base_url should start with http:// or https://, found "
                f"{self.redact(self._url.rpartition('@')[2])!r}"
            )
        if not self._key() and self._url == OPENAI_URL:
            raise LLMError(
                f"no API key for {self.model} at {self.endpoint}: pass api_key=, set "
                "OPENAI_API_KEY, or name a server of your own with base_url="
            )

        key, url, seconds = clean_key(self._key()), self._url, remaining()
        sampling = replace(sampling, max_tokens=self.longest(sampling))

        async def answer_all(emit: Emit[tuple[int, Completions]]) -> None:
            server = server_at(background_loop(), url, key, self.model, self.headers or {})
            batch = Batch(self, server, sampling, seconds=seconds, may_pay=may_pay)
            await batch.run(prompts, emit)

        with pt.tqdm(total=len(prompts), desc=self.model, disable=not self.verbose) as progress:
            for answered in in_loop(answer_all):
                progress.update()
                self._say()
                yield answered
        self._say()

    def longest(self, sampling: Sampling) -> int:
        """Return the most tokens of one completion; ``extra_body`` may say another number."""
        own = self.extra_body or {}
        sent = (own.get("max_tokens", sampling.max_tokens), own.get("max_completion_tokens"))
        limits = [limit for limit in sent if isinstance(limit, int) and limit > 0]
        return max(limits, default=sampling.max_tokens)

    def request_body(
        self, prompt: Messages, sampling: Sampling, *, n: int, seed: int | None
    ) -> dict[str, Any]:
        """Return the body of one request."""
        body: dict[str, Any] = {
            "model": self.model,
            "messages": list(prompt),
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_tokens,
            "n": n if n > 1 else None,
            "stop": list(sampling.stop) or None,
            "seed": seed,
            "response_format": _response_format(sampling.schema),
            "stream": False,  # some servers stream unless told not to
        }
        return self._dialect.spell(body, self.extra_body or {})

    def adapt(self, trouble: Trouble, body: Mapping[str, Any]) -> bool:
        """Do without a parameter that the server does not take, if that can be done.

        Returns:
            Whether the request is worth sending again.

        Raises:
            LLMError: If it cannot, since the parameter is one of ``extra_body``.
        """
        said = trouble.said
        parameter = self._dialect.refused(said, body, trouble.parameter)
        if parameter is None and not trouble.parameter:
            return False
        if parameter is None or parameter in (self.extra_body or {}):
            raise LLMError(
                f"{self.model} at {self.endpoint}: {trouble.text}; leave it to the server with "
                f"extra_body={{{parameter or trouble.parameter!r}: None}}"
            )
        if self._dialect.do_without(parameter):
            self._news.append(
                f"{self.model} at {self.endpoint} does not take {parameter}, so it is asked "
                f"without: {in_words(parameter)} ({said})"
            )
        return True

    def notice(self, answer: Completions, sampling: Sampling) -> None:
        """Warn once where samples are the same text three times running."""
        texts = answer.texts
        if sampling.temperature == 0 or len(texts) < 2 or self._equal_samples >= SAME_TIMES:
            return
        self._equal_samples = self._equal_samples + 1 if len(set(texts)) == 1 else 0
        if self._equal_samples == SAME_TIMES:
            self._news.append(
                f"{self.model} at {self.endpoint} gives the same text for each of {len(texts)} "
                f"samples at temperature {sampling.temperature:g}: it seems to ignore temperature"
            )

    def _say(self) -> None:
        while self._news:
            warnings.warn(self._news.popleft(), UserWarning, stacklevel=3)

    def redact(self, text: str) -> str:
        """Return a text without the key and other secrets, which some servers repeat."""
        for secret in self._secrets():
            # a stand-in such as "none" is no secret, and may be a word of the message
            if len(secret) >= 8 and secret[:12] in text:
                rest = r"[^\s'\"<>,;]*" if len(secret) > 16 else re.escape(secret[12:])
                text = re.sub(re.escape(secret[:12]) + rest, "<secret>", text)
        return text

    def _secrets(self) -> Iterator[str]:
        """Yield what nobody should read, also as a part of what is sent."""
        url = urlsplit(self._url)
        parameters = parse_qsl(url.query)
        for secret in (
            self._key(),
            *(self.headers or {}).values(),
            *(value for name, value in parameters if "version" not in name),
            unquote(url.password or ""),
        ):
            bare = bare_key(secret)
            yield from {bare, bare.rpartition(" ")[2], quote(bare, safe="")}

    @property
    def _url(self) -> str:
        return self.base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI_URL

    def _key(self) -> str:
        argument = self.api_key.value if self.api_key else ""
        return argument or os.environ.get("OPENAI_API_KEY", "")


def _response_format(schema: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if schema is None:
        return None
    named = {"name": "answer", "strict": True, "schema": dict(schema)}
    return {"type": "json_schema", "json_schema": named}


class _Secret:
    """A text that copies keep, and that pickles and messages do not."""

    __slots__ = ("value",)

    def __init__(self, value: str = "") -> None:
        self.value = value

    def __repr__(self) -> str:
        return "<secret>"

    def __copy__(self) -> _Secret:
        return self

    def __deepcopy__(self, memo: object) -> _Secret:
        return self

    def __reduce__(self) -> tuple[type[_Secret], tuple[()]]:
        return _Secret, ()
