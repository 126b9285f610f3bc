"""The real network: aiohttp with a pool, gzip, time-outs and a bound on the size of answers."""

from __future__ import annotations

import ipaddress
import ssl
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from ml_connector.model.errors import BadAnswer, WrongUse

from .http import NoAnswer, NotSent, Request, Response

MAX_ANSWER = 64 * 1024 * 1024
_CONNECT = 15.0
_TRY_LATER = "The connector tries again by itself; check the network if it lasts."


class AiohttpNetwork:
    """Verifies certificates, follows no redirect, keeps no cookie, and speaks plain http to loopback only.

    `ca_file` names a file with more trusted authorities (PEM). Use it as `async with`, or call `close`.
    """

    def __init__(self, *, ca_file: Path | None = None, connections: int = 32, max_answer: int = MAX_ANSWER) -> None:
        self._ca_file = ca_file
        self._connections = connections
        self._max_answer = max_answer
        self._session: aiohttp.ClientSession | None = None
        self._context: ssl.SSLContext | None = None

    async def __aenter__(self) -> AiohttpNetwork:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections. It opens again with the next request."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(self, request: Request) -> Response:
        """One request, one answer of any status. Raises `NotSent` where it surely never arrived, else `NoAnswer`."""
        _check_url(request.url)
        try:
            return await self._exchange(request)
        except aiohttp.ClientConnectorCertificateError as error:
            raise NotSent(f"{_host(request)} shows a certificate that is not trusted.", _CERTIFICATE) from error
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotSent(f"{_host(request)} cannot be reached.", _TRY_LATER) from error
        except aiohttp.InvalidURL as error:
            raise WrongUse("An address of a vendor is not a URL.", "Correct the address in the settings.") from error
        except TimeoutError as error:
            raise NoAnswer(f"{_host(request)} did not answer in time.", _TRY_LATER) from error
        except (aiohttp.ClientError, OSError) as error:
            raise NoAnswer(f"The connection to {_host(request)} broke.", _TRY_LATER) from error

    async def _exchange(self, request: Request) -> Response:
        session = self._open()
        timeout = aiohttp.ClientTimeout(total=request.timeout, sock_connect=_CONNECT)
        async with session.request(
            request.method,
            URL(request.url, encoded=True),
            headers={"Accept-Encoding": "gzip", **request.headers},
            data=request.body or None,
            allow_redirects=False,
            timeout=timeout,
            ssl=self._trust() if request.url.startswith("https:") else True,
        ) as answer:
            body = await self._body(answer)
            return Response(answer.status, _headers(answer), body)

    async def _body(self, answer: aiohttp.ClientResponse) -> bytes:
        parts: list[bytes] = []
        size = 0
        async for part in answer.content.iter_any():
            size += len(part)
            if size > self._max_answer:
                raise BadAnswer("A vendor's answer is larger than the limit.", "Report this; nothing was read from it.")
            parts.append(part)
        return b"".join(parts)

    def _trust(self) -> ssl.SSLContext:
        """Loaded at the first https call: it takes a while."""
        if self._context is None:
            context = ssl.create_default_context()
            if self._ca_file is not None:
                _add_authority(context, self._ca_file)
            self._context = context
        return self._context

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=self._connections, ttl_dns_cache=300)
            self._session = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), skip_auto_headers=("User-Agent",)
            )
        return self._session


_CERTIFICATE = "Check the date of this machine and its proxy, or name your own authority as ca_file in the settings."


def _add_authority(context: ssl.SSLContext, ca_file: Path) -> None:
    try:
        context.load_verify_locations(cafile=ca_file)
    except OSError as error:  # an unreadable file, or one without a certificate (SSLError is an OSError)
        raise WrongUse(f"{ca_file} holds no certificate.", "Correct ca_file in the settings.") from error


def _headers(answer: aiohttp.ClientResponse) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in answer.headers.items():
        key = name.lower()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return headers


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if url.startswith("https:") and parts.hostname:
        return
    if url.startswith("http:") and is_loopback(parts.hostname or ""):
        return
    raise WrongUse(
        "Only https may leave this machine.", "Correct the address in the settings: it must begin with https."
    )


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine. Other names are not asked for: they may change."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host(request: Request) -> str:
    return urlsplit(request.url).hostname or "The vendor"
