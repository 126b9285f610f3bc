"""The PostgreSQL server of the tests: closed to others, and gone with whoever used it."""

from __future__ import annotations

import os
import select
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import NullPool

from support import postgres, postgres_server

TESTS = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="watches processes by pidfd, which Linux has")

USER = """
import sys
from pathlib import Path
from support import postgres
with postgres.server(Path(sys.argv[1])) as url:
    print(url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _our_own_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(postgres.GIVEN, raising=False)


def _socket_folder(url: str) -> Path:
    return Path(str(make_url(url).query["host"]))


def _server_pid(url: str) -> int:
    return int((_socket_folder(url).parent / "data" / "postmaster.pid").read_text().splitlines()[0])


def _ends(pid: int) -> bool:
    """Whether the process ends within a minute."""
    try:
        watch = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([watch], [], [], 60)[0])
    finally:
        os.close(watch)


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_two_users_share_a_server_that_is_closed_to_others(tmp_path: Path) -> None:
    with postgres.server(tmp_path / "meet") as url:
        with postgres.server(tmp_path / "meet") as second:
            assert second == url
        folder = _socket_folder(url)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        pid = _server_pid(url)
        assert Path(f"/proc/{pid}").stat().st_uid != 0
        engine = create_engine(url, poolclass=NullPool)
        with engine.connect() as tx:
            assert tx.exec_driver_sql("SHOW listen_addresses").scalar() == ""
            rules = tx.exec_driver_sql("SELECT DISTINCT type, auth_method FROM pg_hba_file_rules").all()
            assert sorted((row[0], row[1]) for row in rules) == [("host", "reject"), ("local", "peer")]
    assert _ends(pid)
    assert not folder.parent.exists()


@pytest.mark.parametrize("victim", ["the user", "the supervisor"])
def test_a_killed_process_leaves_no_server(tmp_path: Path, victim: str) -> None:
    command = [sys.executable, "-c", USER, str(tmp_path / "meet")]
    with subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": str(TESTS)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as user:
        assert user.stdout is not None
        url = user.stdout.readline().strip()
        pid = _server_pid(url)
        os.kill(user.pid if victim == "the user" else _parent(pid), signal.SIGKILL)
        assert _ends(pid)
    shutil.rmtree(_socket_folder(url).parent, ignore_errors=True)


def test_without_the_wheel_the_remedy_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_server, "WHEEL", "no_such_wheel")
    with pytest.raises(postgres_server.Failed, match="make setup"):
        postgres_server.copy_programs(tmp_path)


def test_a_server_that_cannot_be_used_is_a_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(postgres.GIVEN, f"postgresql+psycopg://me@/x?host={tmp_path}")
    with (
        pytest.raises(RuntimeError, match=postgres.GIVEN),
        postgres.server(tmp_path) as url,
        postgres.database(url, "mlc_test"),
    ):
        pass
