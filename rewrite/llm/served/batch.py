"""One batch of requests to a server: what is sent again, what is given up, what ends it all."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final, Protocol

from ...deadline import LATE
from ...errors import LLMError
from ..base import Completions, MayPay, Messages, Sampling, prompt_key
from ..tokens import estimated_prompt, estimated_tokens
from .connection import Raw
from .loop import Emit
from .reply import Reply, error_in, read_reply
from .server import Server
from .tries import LONGEST_ASKED_WAIT, Tries
from .trouble import Cause, Concerns, Trouble, TroubleError, judge_failure, judge_refusal

DOWN_AFTER: Final = 16
"""Requests given up in a row that tell a server that is down from a few hard prompts."""

NO_ROOM: Final = "the budget has no room to ask again"


class Requests(Protocol):
    """A served model, as far as a batch of requests to it must know.

    Attributes:
        model: Its name, for errors.
        concurrency: Requests in flight.
        timeout: Seconds that one may take.
        retries: How often one is sent again.
    """

    model: str
    concurrency: int
    timeout: float
    retries: int

    @property
    def endpoint(self) -> str:
        """Where it is served, for errors."""

    @property
    def identity(self) -> str:
        """What decides the answers."""

    def request_body(
        self, prompt: Messages, sampling: Sampling, *, n: int, seed: int | None
    ) -> dict[str, Any]:
        """Return the body of one request."""

    def adapt(self, trouble: Trouble, body: Mapping[str, Any]) -> bool:
        """Do without a parameter that the server refused; return whether to send again."""

    def notice(self, answer: Completions, sampling: Sampling) -> None:
        """Look at an answer: what was asked for may have been ignored."""

    def redact(self, text: str) -> str:
        """Return a message without secrets."""


class Batch:
    """Answers a batch of prompts, a bounded number at a time.

    Args:
        llm: Makes the request bodies, and says how many requests at once and how often again.
        server: Where they are sent.
        sampling: How to sample.
        seconds: By when to be done; None is no limit.
        may_pay: Whether there is room in a budget to send a prompt once more.
    """

    def __init__(
        self,
        llm: Requests,
        server: Server,
        sampling: Sampling,
        *,
        seconds: float | None = None,
        may_pay: MayPay = lambda prompt, completions: True,
    ) -> None:
        self._llm = llm
        self._server = server
        self._sampling = sampling
        self._seconds = seconds
        self._may_pay = may_pay
        self._identity = llm.identity
        self._given_up = 0  # requests given up since the last good answer
        self._refused: Counter[str] = Counter()  # what is said of requests while none is answered

    async def run(self, prompts: Sequence[Messages], emit: Emit[tuple[int, Completions]]) -> None:
        """Emit the position and the answer of every prompt; ``deadline`` is that of late ones.

        Raises:
            LLMError: If what went wrong concerns every request; all others are then cancelled.
        """
        waiting = iter(enumerate(prompts))
        in_hand: set[int] = set()

        async def work() -> None:
            for position, prompt in waiting:
                in_hand.add(position)
                answer = await self._answer_once(prompt)
                in_hand.discard(position)
                emit((position, answer))

        count = min(self._llm.concurrency, len(prompts))
        workers = [asyncio.create_task(work()) for _ in range(count)]
        try:
            done, late = await asyncio.wait(
                workers, timeout=self._seconds, return_when=asyncio.FIRST_EXCEPTION
            )
            for worker in done:
                worker.result()
            if late and self._server.connection.only_connects():  # who swallows what is sent
                self._server.circuit.found_nobody("no connection in time")
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        if late:
            for position in [*sorted(in_hand), *(position for position, _ in waiting)]:
                emit((position, Completions([], error=LATE)))

    async def _answer_once(self, prompt: Messages) -> Completions:
        """Answer a prompt, or wait for the answer to the same one that somebody else asked for."""
        if not self._sampling.repeatable:
            return await self._answer(prompt)
        key = (self._identity, prompt_key(prompt), self._sampling)
        asking = self._server.asking
        while (other := asking.get(key)) is not None:
            if (answer := await asyncio.shield(other)) is not None:
                return answer.copy(list(answer.texts))
        answered = asking[key] = asyncio.get_running_loop().create_future()
        try:
            answer = await self._answer(prompt)
            answered.set_result(answer)
        finally:
            del asking[key]
            if not answered.done():
                answered.set_result(None)  # whoever waits has to ask
        return answer

    async def _answer(self, prompt: Messages) -> Completions:
        n = self._sampling.n
        whole = Completions([])
        choices = 0
        while choices < n:  # some servers send one choice, however many are asked for
            if choices and not self._may_pay(prompt, 0):  # the completions were expected
                whole.error = f"{self._llm.model}: {NO_ROOM}"
                break
            reply = await self._ask(prompt, n - choices, self._seed(choices))
            if isinstance(reply, Trouble):
                whole.error = self._llm.redact(f"{self._llm.model}: {reply.text}")
                whole.prompt_tokens += reply.tokens[0]
                whole.completion_tokens += reply.tokens[1]
                break
            whole.add(reply.answer)
            choices += reply.choices
        if whole.texts:  # some of the samples are an answer too
            whole.error = None
        whole.texts = whole.texts[:n]
        self._llm.notice(whole, self._sampling)
        return whole

    def _seed(self, sample: int) -> int | None:
        """Return the seed of the request for a sample and those behind it.

        Servers count up from it for the choices of a request, so the seeds of requests for
        several stand far apart.
        """
        seed = self._sampling.seed
        if seed is None or self._sampling.n == 1:
            return seed
        digest = hashlib.sha256(f"{seed} {sample}".encode()).digest()
        return int.from_bytes(digest[:4], "big") >> 1

    async def _ask(self, prompt: Messages, n: int, seed: int | None) -> Reply | Trouble:
        """Send one request, again where that may help."""
        server, started = self._server, time.perf_counter()
        tries = Tries(server, self._llm.retries)
        read = written = 0  # by tries that brought no text
        while True:
            body = self._llm.request_body(prompt, self._sampling, n=n, seed=seed)
            sent = await server.enter(self._llm.concurrency)
            try:
                if (closed := server.circuit.admit()) is not None:
                    raise self._end(
                        f"no server answers: {closed}; check base_url, and that it runs"
                    )
                reply = await self._try(body)
            finally:
                server.leave(sent)
            if isinstance(reply, Reply):
                server.was_good()
                self._given_up = 0
                reply.answer.seconds = time.perf_counter() - started
                if read:
                    _add_tokens(reply.answer, prompt, read, written)
                return reply
            if reply.answered:
                read += reply.tokens[0] or estimated_prompt(prompt)
                written += reply.tokens[1]
            if reply.said and self._llm.adapt(reply, body):
                continue
            if (wait := tries.failed(reply, sent)) is None:
                return await self._give_up(replace(reply, tokens=(read, written)), tries)
            if reply.answered and not self._may_pay(prompt, n):
                return replace(reply, tokens=(read, written), text=f"{reply.text}; {NO_ROOM}")
            try:
                await pause(wait)
            except asyncio.CancelledError:
                if tries.found_nobody():  # and there is no time to look again
                    server.circuit.found_nobody(reply.text)
                raise

    async def _try(self, body: dict[str, Any]) -> Reply | Trouble:
        """Send one request once."""
        try:
            raw = await self._server.connection.post(
                json.dumps(body).encode(), timeout=self._llm.timeout
            )
        except Exception as error:
            trouble = judge_failure(error, timeout=self._llm.timeout)
            if trouble.cause is not Cause.NOBODY:
                self._heard()
            return trouble
        self._heard()
        self._server.alone = 0
        answers = raw.status // 100 == 2
        if answers:
            with suppress(TroubleError):
                return read_reply(raw.text, self._sampling)
        shown = self._llm.redact(raw.text)
        if not answers:
            return judge_refusal(Raw(raw.status, shown, raw.headers))
        try:  # once more, for what to say of it
            return read_reply(shown, self._sampling)
        except TroubleError as error:
            if (disguised := error_in(shown)) is not None:
                return judge_refusal(Raw(200, shown, raw.headers), disguised)
            return error.trouble

    def _heard(self) -> None:
        self._server.heard += 1
        self._server.circuit.found_somebody()

    async def _give_up(self, trouble: Trouble, tries: Tries) -> Trouble:
        """Return what to say of a request, unless what went wrong concerns all of them."""
        if trouble.concerns is Concerns.ALL:
            raise self._end(trouble.text)
        if trouble.concerns is Concerns.FIRST and not await self._server.answers_anybody():
            raise self._end(trouble.text)
        text = trouble.text
        if trouble.cause is Cause.LATE and self._server.hangs:
            raise self._end(
                "the server takes requests and answers none, not even one at a time; check that "
                f"it runs, or pass a longer timeout: {text}"
            )
        if trouble.wait > LONGEST_ASKED_WAIT:
            text = f"{text} (the server asks to wait {trouble.wait:.0f} s)"
        elif trouble.concerns is Concerns.NOW:
            text = f"{text} (tries: {tries.failures})"
        if tries.found_nobody():
            self._server.circuit.found_nobody(trouble.text)
            raise self._end(f"no server answers; check base_url, and that it runs: {text}")
        self._given_up += trouble.concerns is not Concerns.REQUEST and (
            trouble.cause is not Cause.FILTER
        )
        enough = max(DOWN_AFTER, self._llm.concurrency)
        if self._given_up >= enough:
            raise self._end(
                f"{enough} requests in a row were given up, so the rest were not sent; "
                f"try again later, or with a lower concurrency or a longer timeout: {text}"
            )
        is_of_prompt = trouble.cause is Cause.FILTER or not trouble.said
        self._refused[trouble.said] += not is_of_prompt and not self._server.answered
        if self._refused[trouble.said] >= enough:
            raise self._end(
                f"the first {enough} requests were refused in the same words, so the rest were "
                f"not sent: {text}"
            )
        return replace(trouble, text=text)

    def _end(self, text: str) -> LLMError:
        return LLMError(self._llm.redact(f"{self._llm.model} at {self._llm.endpoint}: {text}"))


def _add_tokens(answer: Completions, prompt: Messages, read: int, written: int) -> None:
    """Add what earlier tries cost; what nobody counted of the last one is estimated, too."""
    texts = sum(map(estimated_tokens, answer.texts))
    answer.prompt_tokens = read + (answer.prompt_tokens or estimated_prompt(prompt))
    answer.completion_tokens = written + (answer.completion_tokens or texts)


async def pause(seconds: float) -> None:
    """Wait; tests put their own in its place."""
    await asyncio.sleep(seconds)
