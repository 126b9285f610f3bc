"""A PostgreSQL server on another machine proves who it is, or nothing is said to it.

The server behind is a real one, and so is the driver; before it stands a door that speaks TLS, as poolers and load
balancers do, since the programs that the tests start were built without.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
import trustme
from sqlalchemy import URL, make_url, text

from ml_connector.model.errors import ConnectorError, StateTrouble, WrongUse
from ml_connector.store import Store
from ml_connector.store.servers import must_be_proved

NAME = "db.example.com"
_REQUEST = bytes.fromhex("0000000804d2162f")
"""What the driver says first: whether TLS is spoken here."""


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@contextmanager
def door(behind: str, certificate: trustme.LeafCert) -> Iterator[tuple[int, list[bytes]]]:
    """Where TLS is spoken, and what came through it in clear."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    heard: list[bytes] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        thread = threading.Thread(target=_serve, args=(listening, context, behind, heard), daemon=True)
        thread.start()
        yield listening.getsockname()[1], heard
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def _serve(listening: socket.socket, context: ssl.SSLContext, behind: str, heard: list[bytes]) -> None:
    with suppress(OSError):
        while True:
            _one(listening.accept()[0], context, behind, heard)


def _one(client: socket.socket, context: ssl.SSLContext, behind: str, heard: list[bytes]) -> None:
    with closing(client):
        if client.recv(len(_REQUEST)) != _REQUEST:
            return
        client.sendall(b"S")
        with suppress(OSError), context.wrap_socket(client, server_side=True) as spoken, _connected(behind) as server:
            _carry(spoken, server, heard)


@contextmanager
def _connected(behind: str) -> Iterator[socket.socket]:
    with closing(socket.socket(socket.AF_UNIX)) as server:
        server.connect(behind)
        yield server


def _carry(spoken: ssl.SSLSocket, server: socket.socket, heard: list[bytes]) -> None:
    """Both ways, until one side ends."""
    while True:
        ready = [spoken] if spoken.pending() else select.select([spoken, server], [], [])[0]
        for source in ready:
            data = source.recv(65536)
            if not data:
                return
            if source is spoken:
                heard.append(data)
            (server if source is spoken else spoken).sendall(data)


class Server:
    def __init__(self, url: str, folder: Path) -> None:
        self.url = make_url(url)
        self.folder = folder

    @property
    def socket(self) -> str:
        return f"{self.url.query['host']}/.s.PGSQL.5432"

    def at(self, port: int, authority: trustme.CA, name: str = NAME, **more: str) -> str:
        """The URL that a person would write, with the number of this machine beside the name."""
        root = self.folder / "ca.pem"
        authority.cert_pem.write_to_path(root)
        query = {"sslmode": "verify-full", "sslrootcert": str(root), "hostaddr": "127.0.0.1", **more}
        url = URL.create("postgresql+psycopg", self.url.username, None, name, port, self.url.database, query)
        return url.render_as_string(hide_password=False)


@pytest.fixture
def server(postgres_url: str, tmp_path: Path) -> Server:
    return Server(postgres_url, tmp_path)


def test_a_server_with_the_right_name_and_authority_is_taken(server: Server, authority: trustme.CA) -> None:
    with door(server.socket, authority.issue_cert(NAME)) as (port, heard):
        store = Store.fresh(server.at(port, authority))
        with store.begin() as tx:
            assert tx.execute(text("SELECT 1")).scalar() == 1
        store.close()
    assert heard


@pytest.mark.parametrize("what", ["another name", "another authority"])
def test_whoever_answers_in_its_place_hears_nothing(what: str, server: Server, authority: trustme.CA) -> None:
    name = "evil.example.com" if what == "another name" else NAME
    signer = trustme.CA() if what == "another authority" else authority
    with door(server.socket, signer.issue_cert(name)) as (port, heard):
        with pytest.raises(StateTrouble, match="did not prove who it is") as caught:
            Store.open(server.at(port, authority))
        assert "sslrootcert" in caught.value.remedy
    assert heard == []


FAR = [
    "db.example.com",
    "10.0.0.7",
    "127.0.0.1,db.example.com",
    "localhost.example.com",
    "[fe80::1]",
]
WEAK = [
    "",
    "sslmode=require&sslrootcert=system",
    "sslmode=verify-ca&sslrootcert=/ca.pem",
    "sslmode=verify-full",
    "sslmode=VERIFY-FULL&sslrootcert=/ca.pem",
    "sslrootcert=/ca.pem",
]


@pytest.mark.parametrize("query", WEAK)
def test_a_server_elsewhere_must_be_asked_for_its_certificate(query: str) -> None:
    with pytest.raises(WrongUse, match="on another machine") as caught:
        Store.open(f"postgresql+psycopg://me:pw@db.example.com/mlc?{query}")
    assert "sslmode=verify-full&sslrootcert=" in caught.value.remedy
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize("host", FAR)
def test_what_is_elsewhere(host: str) -> None:
    url = f"postgresql+psycopg://me@/mlc?host={host}" if "," in host else f"postgresql+psycopg://me@{host}/mlc"
    with pytest.raises(WrongUse, match="on another machine"):
        must_be_proved(make_url(url))
    proved = make_url(url).update_query_dict({"sslmode": "verify-full", "sslrootcert": "system"})
    assert must_be_proved(proved) == {"gssencmode": "disable"}


@pytest.mark.parametrize("place", ["127.0.0.1:5433", "localhost", "[::1]", "", "?host=/run/postgresql", "?host=@mlc"])
def test_this_machine_need_not_prove_itself(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("PGHOST", "PGHOSTADDR", "PGSERVICE"):
        monkeypatch.delenv(variable, raising=False)
    host, mark, query = place.partition("?")
    assert must_be_proved(make_url(f"postgresql+psycopg://me@{host}/mlc{mark}{query}")) == {}


@pytest.mark.parametrize(
    ("variable", "value", "url"),
    [
        ("PGHOST", "db.example.com", "postgresql+psycopg:///mlc"),
        ("PGHOSTADDR", "10.0.0.7", "postgresql+psycopg://localhost/mlc"),
        ("PGSSLMODE", "disable", "postgresql+psycopg://db.example.com/mlc?sslrootcert=system"),
        ("PGSSLMODE", "verify-full", "postgresql+psycopg://db.example.com/mlc?sslrootcert=system"),
        ("PGSSLROOTCERT", "/evil.pem", "postgresql+psycopg://db.example.com/mlc?sslmode=verify-full"),
        ("IGNORED", "", "postgresql+psycopg:///mlc?service=books"),
    ],
)
def test_a_variable_does_not_lead_elsewhere(
    variable: str, value: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConnectorError, match="on another machine"):
        must_be_proved(make_url(url))


def test_a_server_without_tls_is_told_from_one_that_is_away(authority: trustme.CA, tmp_path: Path) -> None:
    root = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(root)
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def say_no() -> None:
            with closing(listening.accept()[0]) as caller:
                caller.recv(len(_REQUEST))
                caller.sendall(b"N")

        thread = threading.Thread(target=say_no)
        thread.start()
        query = f"hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert={root}"
        with pytest.raises(StateTrouble, match="does not speak TLS"):
            Store.open(f"postgresql+psycopg://tester@{NAME}:{listening.getsockname()[1]}/postgres?{query}")
        thread.join()
