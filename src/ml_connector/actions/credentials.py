"""Passwords and tokens: how they are kept, and how a token comes out of a file and into one."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import stat
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ml_connector.model.errors import StateTrouble, WrongUse
from ml_connector.vault import Secret

SHORTEST, LONGEST = 12, 1000
"""Characters of a password."""
_TOKEN = re.compile(r"([a-z][a-z0-9.-]{0,39}):([0-9a-f]{64})")
_LARGEST = 4096


class Cost(NamedTuple):
    """What one look at a password costs: KiB of memory, passes over it, lanes."""

    memory: int
    passes: int
    lanes: int


COST = Cost(64 * 1024, 3, 4)
"""The second choice of RFC 9106, section 4: about a tenth of a second."""


def password_hash(password: Secret, cost: Cost | None = None) -> str:
    """The Argon2id hash with its salt and cost, as text (PHC). Raises `WrongUse` for a password that is too short."""
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    text = _spelled(password)
    if not SHORTEST <= len(text) <= LONGEST:
        raise WrongUse(f"A password has {SHORTEST} to {LONGEST} characters.", "Choose another one: a few words do.")
    memory, passes, lanes = cost or COST
    salt = secrets.token_bytes(16)
    made = Argon2id(salt=salt, length=32, iterations=passes, lanes=lanes, memory_cost=memory)
    return made.derive_phc_encoded(text.encode())


def password_fits(password: Secret, known: str) -> bool:
    """Whether it is the password of this hash. A person without one costs as much time: nobody learns who has one."""
    from cryptography.exceptions import InvalidKey
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    if not known:
        password_hash(Secret("nobody has this one"))
        return False
    try:
        Argon2id.verify_phc_encoded(_spelled(password).encode(), known)
    except InvalidKey:
        return False
    return True


def _spelled(password: Secret) -> str:
    """An accent is one letter or two, as the keyboard has it: the same password (RFC 8265)."""
    return unicodedata.normalize("NFC", password.reveal())


# --- tokens


def new_token(name: str) -> Secret:
    """A token of this person: the name, and 256 bits of chance. Nobody can guess it: a plain digest hides it."""
    return Secret(f"{name}:{secrets.token_hex(32)}")


def owner_of(token: Secret) -> str:
    """Whose token it says to be; blank for what is no token."""
    match = _TOKEN.fullmatch(token.reveal())
    return match[1] if match else ""


def token_digest(token: Secret) -> str:
    """What the state keeps of it."""
    return hashlib.sha256(token.reveal().encode()).hexdigest()


def token_fits(token: Secret, known: str) -> bool:
    """Whether it is the token of this digest."""
    return bool(known) and hmac.compare_digest(token_digest(token), known)


def read_token(file: Path) -> Secret:
    """The token in a file. Raises `WrongUse` for a file that is not ours alone, or that holds no token."""
    try:
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        raise WrongUse(f"Token file {file} cannot be read.", "Name a file of yours; a link is not followed.") from None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.getuid():
            raise WrongUse(f"Token file {file} is not a file of yours.", "Use one that belongs to you.")
        if status.st_mode & 0o077:
            raise WrongUse(f"Token file {file} is open to other users.", f"Close it:  chmod 600 {file}")
        token = Secret(os.read(handle, _LARGEST).decode("ascii", "replace").strip())
    finally:
        os.close(handle)
    if not owner_of(token):
        raise WrongUse(f"{file} holds no token.", "Have one made:  ml-connector people token")
    return token


@contextmanager
def written_token(token: Secret, file: Path) -> Iterator[None]:
    """The token in a new file that only we can read. Gone again if what is done meanwhile, to make it count, fails.

    Raises `WrongUse` where there is a file, or a link, of that name.
    """
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise WrongUse(f"{file} is already there.", "Name another file.") from None
    except (OSError, ValueError):
        raise WrongUse(f"{file} cannot be written.", "Name a file in a folder of yours.") from None
    try:
        _write(handle, f"{token.reveal()}\n".encode())
        yield
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def _write(handle: int, content: bytes) -> None:
    try:
        os.fchmod(handle, 0o600)
        os.write(handle, content)
        os.fsync(handle)
    except OSError as error:
        raise StateTrouble("The token file cannot be written.", "Check the free space.") from error
    finally:
        os.close(handle)
