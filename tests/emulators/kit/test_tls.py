"""TLS under a private authority, judged by clients that insist on the vendors' own host names."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import grpc
import pytest
import pytest_asyncio
import requests
from aiohttp.abc import AbstractResolver, ResolveResult
from requests.adapters import HTTPAdapter

from ml_connector.actions.connect import connect_emulators
from ml_connector.actions.init import init
from ml_emulators.kit.hosts import PUBSUB
from ml_emulators.pubsub import messages
from ml_emulators.server import Emulators

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def emulators() -> AsyncIterator[Emulators]:
    emulators = Emulators(scenario="empty", tls=True)
    await emulators.start()
    yield emulators
    await emulators.stop()


class Here(AbstractResolver):
    """Every name is this machine; the caller's own business."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = {"hostname": host, "host": "127.0.0.1", "port": port, "family": family, "proto": 0, "flags": 0}
        return [ResolveResult(**found)]  # type: ignore[typeddict-item]  # as above

    async def close(self) -> None:
        return None


def strict(ca_file: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_file)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


@pytest_asyncio.fixture(loop_scope="module")
async def named(emulators: Emulators) -> AsyncIterator[aiohttp.ClientSession]:
    """A client that trusts the private authority only, and finds all names here."""
    context = strict(emulators.info()["ca_file"])
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=Here(), ssl=context)) as session:
        yield session


async def test_the_line_says_so(emulators: Emulators) -> None:
    info = emulators.info()
    assert all(
        url.startswith("https://127.0.0.1:") for name, url in info["quickbooks"].items() if name.endswith("_url")
    )
    assert info["salesforce"]["base_url"].startswith("https://127.0.0.1:")
    assert (info["pubsub"]["tls"], info["control_url"][:7]) == (True, "http://")
    assert b"BEGIN CERTIFICATE" in await asyncio.to_thread(Path(info["ca_file"]).read_bytes)


@pytest.mark.parametrize(
    ("asked", "hosts"),
    [
        ("developer.intuit.com", ("oauth.platform", "appcenter", "developer.api", "accounts.platform")),
        ("LOCALHOST", ()),
        ("127.0.0.1", ()),
    ],
)
async def test_discovery_names_hosts_that_the_caller_can_reach(
    emulators: Emulators, named: aiohttp.ClientSession, asked: str, hosts: tuple[str, ...]
) -> None:
    port = emulators.quickbooks.port
    url = f"https://{asked.lower()}:{port}/.well-known/openid_configuration"
    async with named.get(url, headers={"Host": f"{asked}:{port}"}) as answer:
        told = await answer.json()
    token, authorize, revoke, people = [f"https://{host}.intuit.com:{port}" for host in hosts] or [
        f"https://{asked}:{port}"
    ] * 4
    assert told["token_endpoint"] == f"{token}/oauth2/v1/tokens/bearer"
    assert told["authorization_endpoint"] == f"{authorize}/connect/oauth2"
    assert told["revocation_endpoint"] == f"{revoke}/v2/oauth2/tokens/revoke"
    assert told["userinfo_endpoint"] == f"{people}/v1/openid_connect/userinfo"


async def test_quickbooks_by_its_own_names(emulators: Emulators, named: aiohttp.ClientSession) -> None:
    info, port = emulators.info()["quickbooks"], emulators.quickbooks.port
    form = {"grant_type": "refresh_token", "refresh_token": info["refresh_token"]}
    basic = {"Authorization": aiohttp.encode_basic_auth(info["client_id"], info["client_secret"])}
    url = f"https://oauth.platform.intuit.com:{port}/oauth2/v1/tokens/bearer"
    async with named.post(url, data=form, headers=basic) as answer:
        token = (await answer.json())["access_token"]
    for host in ("quickbooks.api.intuit.com", "sandbox-quickbooks.api.intuit.com"):
        company = f"https://{host}:{port}/v3/company/{info['realm_id']}"
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        async with named.get(f"{company}/companyinfo/{info['realm_id']}", headers=headers) as answer:
            assert (answer.status, "CompanyInfo" in await answer.json()) == (200, True)


async def salesforce_login(
    session: aiohttp.ClientSession, info: dict[str, Any], host: str
) -> tuple[int, dict[str, Any]]:
    form = {"grant_type": "client_credentials"} | {key: info[key] for key in ("client_id", "client_secret")}
    async with session.post(f"https://{host}/services/oauth2/token", data=form) as answer:
        return answer.status, await answer.json()


@pytest.mark.parametrize("host", ["acme.my.salesforce.com", "other--uat.sandbox.my.salesforce.com", "localhost"])
async def test_the_instance_is_the_host_that_was_used(
    emulators: Emulators, named: aiohttp.ClientSession, host: str
) -> None:
    info, port = emulators.info()["salesforce"], emulators.salesforce.port
    status, told = await salesforce_login(named, info, f"{host}:{port}")
    assert (status, told["instance_url"]) == (200, f"https://{host}:{port}")
    headers = {"Authorization": f"Bearer {told['access_token']}"}
    async with named.get(f"{told['instance_url']}/services/oauth2/userinfo", headers=headers) as answer:
        assert (await answer.json())["urls"]["rest"].startswith(f"https://{host}:{port}/services/data/")


async def test_client_credentials_are_not_for_the_login_host(
    emulators: Emulators, named: aiohttp.ClientSession
) -> None:
    info, port = emulators.info()["salesforce"], emulators.salesforce.port
    status, told = await salesforce_login(named, info, f"login.salesforce.com:{port}")
    assert (status, told["error_description"]) == (400, "request not supported on this domain")


SOAP = """<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>
<n:login xmlns:n="urn:partner.soap.sforce.com"><n:username>{username}</n:username>
<n:password>{password}{security_token}</n:password></n:login></e:Body></e:Envelope>"""


async def test_a_login_host_leads_to_my_domain(emulators: Emulators, named: aiohttp.ClientSession) -> None:
    port = emulators.salesforce.port
    url = f"https://login.salesforce.com:{port}/services/Soap/u/59.0"
    headers = {"Content-Type": "text/xml", "SOAPAction": "login"}
    async with named.post(url, data=SOAP.format(**emulators.info()["salesforce"]), headers=headers) as answer:
        assert f"<serverUrl>https://acme.my.salesforce.com:{port}/services/Soap/u/59.0/" in await answer.text()


async def test_names_without_a_port(emulators: Emulators) -> None:
    """As behind a mapping of port 443: addresses in answers have no port either."""
    info, port = emulators.info(), emulators.salesforce.port
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=strict(info["ca_file"]))) as session:
        form = {"grant_type": "client_credentials"}
        form |= {key: info["salesforce"][key] for key in ("client_id", "client_secret")}
        url, host = f"https://127.0.0.1:{port}/services/oauth2/token", {"Host": "acme.my.salesforce.com"}
        async with session.post(url, data=form, headers=host) as answer:
            assert (await answer.json())["instance_url"] == "https://acme.my.salesforce.com"


class Mapped(HTTPAdapter):
    """`requests`: a vendor's name in the URL, its certificate and its Host header; this machine underneath."""

    def __init__(self, name: str) -> None:
        self._name = name
        super().__init__()

    def init_poolmanager(self, *given: Any, **how: Any) -> None:
        super().init_poolmanager(*given, server_hostname=self._name, assert_hostname=self._name, **how)


async def test_requests_by_name(emulators: Emulators) -> None:
    info, name = emulators.info(), "quickbooks.api.intuit.com"
    session = requests.Session()
    session.trust_env, session.verify = False, info["ca_file"]
    session.mount("https://127.0.0.1", Mapped(name))
    url = f"{info['quickbooks']['base_url']}/v3/company/1/companyinfo/1"
    answer = await asyncio.to_thread(session.get, url, headers={"Host": name})
    session.close()
    assert (answer.status_code, "AuthenticationFailed" in answer.text) == (401, True)


async def test_who_does_not_trust_the_authority_is_not_served(emulators: Emulators) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(emulators.info()["quickbooks"]["discovery_url"])


@pytest.mark.parametrize("name", ["", *PUBSUB])
async def test_grpc_by_name(emulators: Emulators, name: str) -> None:
    info = emulators.info()
    credentials = grpc.ssl_channel_credentials(await asyncio.to_thread(Path(info["ca_file"]).read_bytes))
    options = (("grpc.ssl_target_name_override", name),) if name else ()
    async with grpc.aio.secure_channel(info["pubsub"]["target"], credentials, options=options) as channel:
        call: Any = channel.unary_unary(
            f"/{messages.SERVICE}/GetTopic",
            request_serializer=lambda each: each.SerializeToString(),
            response_deserializer=messages.TopicInfo.FromString,
        )
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call(messages.TopicRequest(topic_name="/data/ChangeEvents"))
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine")
async def test_curl_by_name(emulators: Emulators) -> None:
    info = emulators.info()
    to = f"::127.0.0.1:{emulators.salesforce.port}"
    url = "https://acme.my.salesforce.com/services/data/"
    process = await asyncio.create_subprocess_exec(
        *("curl", "-sS", "--cacert", info["ca_file"], "--connect-to", to, url), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert (process.returncode, b'"version"' in out) == (0, True)


async def test_the_connector_connects_over_tls(emulators: Emulators, tmp_path: Path) -> None:
    line = emulators.info()
    init(tmp_path / "home", line)
    connected = await connect_emulators(tmp_path / "home", line)
    assert connected.realm_id == line["quickbooks"]["realm_id"]


async def test_nothing_is_left_on_disk() -> None:
    emulators = Emulators(scenario="empty", tls=True)
    await emulators.start()
    ca_file = Path(emulators.info()["ca_file"])
    assert [each.name for each in ca_file.parent.iterdir()] == [ca_file.name]
    assert stat.S_IMODE(ca_file.parent.stat().st_mode) == 0o700
    await emulators.stop()
    assert not ca_file.parent.exists()
