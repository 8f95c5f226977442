"""Connections to a server: made once, shared by all models that are asked there."""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import re
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, unquote, urljoin, urlsplit, urlunsplit
from weakref import WeakSet

from ...errors import LLMError
from ...extras import need

if TYPE_CHECKING:
    import aiohttp

LARGEST_REPLY: Final = 16 * 2**20
"""Bytes that a reply may have, unpacked."""

LONGEST_CONNECT: Final = 10.0
"""Seconds that a host may take to accept a connection."""

MOST_REDIRECTS: Final = 3

NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})

_LAST_EVENT = re.compile(rb"(?:^|[\r\n])data: ?\[DONE\]\s*$")
_REDIRECTS: Final = frozenset({301, 302, 307, 308})


@dataclass(slots=True)
class Raw:
    """What a server sent.

    Attributes:
        status: The status.
        text: The body; a byte that is no text is replaced.
        headers: The headers, whichever their case.
    """

    status: int
    text: str
    headers: Mapping[str, str]


class TooLongError(Exception):
    """The reply is longer than any answer; the rest was not read."""


class RedirectError(Exception):
    """The server sends requests, and the key with them, to another host."""


class Connection:
    """Posts JSON to one address, over connections that are kept open between requests.

    Lives in one event loop. The key stays at the host that it is for: a redirect is followed
    to the same host only.

    Args:
        base_url: The address that ``/chat/completions`` is put behind; what follows a ``?``
            stays at the end.
        key: Sent as a bearer token.
        headers: Further headers, which win over ours.
    """

    def __init__(self, base_url: str, key: str, headers: Mapping[str, str] = NO_HEADERS) -> None:
        url = urlsplit(base_url)
        self._url = urlunsplit(
            url._replace(
                netloc=url.netloc.rpartition("@")[2],
                path=url.path.rstrip("/") + "/chat/completions",
                fragment="",
            )
        )
        ours = {
            "Authorization": _authorization(url, key),
            "Content-Type": "application/json",
            "Accept": "application/json",
            "User-Agent": "pyterrier-rewrite",
        }
        theirs = {name.lower() for name in headers}
        kept = {name: value for name, value in ours.items() if name.lower() not in theirs}
        self._headers = {**kept, **headers}
        self._session: aiohttp.ClientSession | None = None
        self._sockets: WeakSet[socket.socket] = WeakSet()

    async def post(self, body: bytes, *, timeout: float) -> Raw:
        """Send a body and return what comes back, whatever the status.

        Args:
            body: JSON.
            timeout: Seconds until the end of the reply.

        Raises:
            aiohttp.ClientError: If there is no connection, or it broke.
            asyncio.TimeoutError: If it takes too long.
            TooLongError: If the reply has no end.
            RedirectError: If another host should be asked.
        """
        import aiohttp

        session = self._session or self._open()
        limit = aiohttp.ClientTimeout(
            total=timeout, sock_connect=min(0.9 * timeout, LONGEST_CONNECT)
        )
        url = self._url
        for _ in range(MOST_REDIRECTS + 1):
            async with session.post(
                url,
                data=body,
                headers=self._headers,
                timeout=limit,
                allow_redirects=False,
            ) as response:
                if response.status not in _REDIRECTS or "Location" not in response.headers:
                    return Raw(response.status, await _read(response), response.headers)
                url = _next(url, response.headers["Location"])
        raise RedirectError("the server redirects in a circle: check base_url")

    def only_connects(self) -> bool:
        """Return whether connections are being made and there is none: nobody accepts them."""
        ready = [_is_connected(one) for one in self._sockets if one.fileno() >= 0]
        return bool(ready) and not any(ready)

    def _make_socket(self, address: Any) -> socket.socket:
        made = socket.socket(*address[:3])
        self._sockets.add(made)
        return made

    async def finds_somebody(self) -> bool:
        """Return whether anybody answers, whatever it is; no key is sent."""
        import aiohttp

        session = self._session or self._open()
        limit = aiohttp.ClientTimeout(total=2 * LONGEST_CONNECT, connect=LONGEST_CONNECT)
        try:
            async with session.get(self._url, timeout=limit, allow_redirects=False):
                return True
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            return False
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError):
            return True

    def _open(self) -> aiohttp.ClientSession:
        import aiohttp

        self._session = aiohttp.ClientSession(
            # who asks bounds the requests in flight
            connector=aiohttp.TCPConnector(limit=0, socket_factory=self._make_socket),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=not _is_this_machine(urlsplit(self._url).hostname or ""),  # HTTP(S)_PROXY
        )
        return self._session

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()


def clean_key(key: str) -> str:
    """Return a key without what files, shells and manuals leave around it.

    Raises:
        LLMError: If there are control characters in it, or characters that no header can hold.
    """
    key = bare_key(key)
    if not key.isprintable() or not key.isascii():
        raise LLMError(
            "expected an api_key of one line of ASCII characters, found line ends, control "
            "characters or others inside it: copy the key anew"
        )
    return key


def bare_key(key: str) -> str:
    """Return a key without spaces, line ends and quotes around it, and ``Bearer`` before it."""
    return re.sub(r"^bearer\s+", "", key.strip(" \t\r\n\"'"), flags=re.I)


def need_client() -> None:
    """Raise :class:`~pyterrier_rewrite.errors.MissingExtraError` if the client is missing."""
    need("aiohttp", "openai")


async def _read(response: aiohttp.ClientResponse) -> str:
    streams = response.content_type == "text/event-stream"
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > LARGEST_REPLY:
            response.close()
            raise TooLongError(f"the reply is longer than {LARGEST_REPLY // 2**20} MB")
        if streams and _LAST_EVENT.search(content, max(0, len(content) - 40)):
            response.close()  # some leave the connection open behind it
            break
    return _decoded(bytes(content), response.charset or "")


def _decoded(content: bytes, charset: str) -> str:
    """Return a text: JSON is UTF-8, whatever else is said of it, or what is said of it."""
    for encoding in ("utf-8-sig", charset):
        with suppress(UnicodeError, LookupError):
            return content.decode(encoding)
    return content.decode("utf-8-sig", errors="replace")


def _next(url: str, location: str) -> str:
    """Return where a redirect leads: to the same host, and never to a less safe connection."""
    there, here = urlsplit(urljoin(url, location)), urlsplit(url)
    same_place = (there.scheme, there.port) == (here.scheme, here.port)
    safer = (here.scheme, there.scheme) == ("http", "https")
    if there.hostname != here.hostname or not (same_place or safer):
        address = f"{there.scheme}://{there.netloc.rpartition('@')[2]}{there.path}"
        raise RedirectError(
            f"the server redirects to {address}, where the key is not sent unasked: if you trust "
            "it, set base_url to that address"
        )
    return urlunsplit(there)


def _authorization(url: SplitResult, key: str) -> str:
    if url.username is not None and not key:
        pair = f"{unquote(url.username)}:{unquote(url.password or '')}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"
    return f"Bearer {key or 'none'}"


def _is_connected(one: socket.socket) -> bool:
    try:
        one.getpeername()
    except OSError:
        return False
    return True


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
