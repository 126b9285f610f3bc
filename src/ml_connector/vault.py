"""Secrets sealed at rest (promise P7): AES-256-GCM, bound to the connection and the name they are kept under.

Keys are files of 32 random bytes in `home/keys/`, mode 0600. A sealed value names the key that opens it, so that a new
key can be put in use while old values are still being sealed anew. The sealed bytes are what the store keeps.

    sealed = b"mlc1" + key id (8) + nonce (12) + ciphertext and tag
    mark   = key id (8) + keyed digest (32)
"""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ml_connector.files import must_be_ours, sync_folder, write_new
from ml_connector.model.errors import StateTrouble, WrongUse

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_MARK = b"mlc1"
_ID = 8
_NONCE = 12
_TAG = 16
_KEY = 32
_CURRENT = "current"
_MARKED = "marked"
_MARKS = b"ml-connector marks of rows"
_RESTORE = "Put the key file back from your backup of the keys; without it, connect the vendors again."

Random = Callable[[int], bytes]


def mark_under(key: bytes, content: bytes) -> bytes:
    """BLAKE2b under a key of 32 bytes: 32 bytes, in about a microsecond."""
    return hashlib.blake2b(content, key=key, digest_size=_KEY).digest()


class Secret:
    """A text that does not show itself: not by repr, str or format, and not in a log. `reveal()` gives it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the call that needs it; keep what has it short-lived and out of logs."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(hidden)"

    def __str__(self) -> str:
        return "hidden"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a secret is not pickled; seal it")


class Vault:
    """Seals and opens. `create` makes the first key of a home, `open_home` takes the one that is there."""

    def __init__(self, keys: Path, current: str, random: Random) -> None:
        self._keys = keys
        self._current = current
        self._random = random
        self._cache: dict[str, bytes] = {}
        self._mark_keys: dict[str, bytes] = {}
        self._key(current)

    @classmethod
    def create(cls, home: Path, random: Random = os.urandom) -> Vault:
        """A vault with a fresh key. Raises `WrongUse` if the home has one."""
        keys = home / "keys"
        if (keys / _CURRENT).exists():
            raise WrongUse("This home has a key already.", "Use  ml-connector keys rotate  to put a new one in use.")
        with _disk():
            keys.mkdir(mode=0o700, parents=True, exist_ok=True)
            key_id = _new_key(keys, random)
            _set_current(keys, key_id)
            write_new(keys / _MARKED, b"")
        return cls(keys, key_id, random)

    @classmethod
    def open_home(cls, home: Path, random: Random = os.urandom) -> Vault:
        """The vault of a home. Raises `StateTrouble` when its key is missing, unreadable or open to other users.

        Raises `WrongUse` for a folder or key that another user could exchange.
        """
        keys = home / "keys"
        for path in (home, keys, keys / _CURRENT):
            must_be_ours(path)
        return cls(keys, _in_use(keys), random)

    @property
    def key_id(self) -> str:
        """The key that new values are sealed with."""
        return self._current

    def seal(self, plain: bytes, connection: str, name: str) -> bytes:
        """`plain` sealed for this connection under this name; under another it does not open.

        The key is the one in use now: another process may have rotated it since this one was started.
        """
        self._look_again()
        nonce = self._random(_NONCE)
        head = _MARK + self._current.encode()
        sealed = _cipher(self._key(self._current)).encrypt(nonce, plain, _bound(head, connection, name))
        return head + nonce + sealed

    def _look_again(self) -> None:
        """Which key is in use now: another process may have rotated it."""
        with suppress(StateTrouble):  # where it cannot be seen, the key that was in use is still better than none
            self._current = _in_use(self._keys)

    def open(self, sealed: bytes, connection: str, name: str) -> bytes:
        """The plain bytes. Raises `StateTrouble` for a missing or wrong key and for anything that was tampered with."""
        from cryptography.exceptions import InvalidTag

        key_id = self.key_of(sealed)
        start = len(_MARK) + _ID
        nonce, rest = sealed[start : start + _NONCE], sealed[start + _NONCE :]
        try:
            return _cipher(self._key(key_id)).decrypt(nonce, rest, _bound(sealed[:start], connection, name))
        except InvalidTag as error:
            raise StateTrouble(
                f"A sealed value ({name}) does not open: wrong key, damaged, or moved from another connection.",
                _RESTORE,
            ) from error

    def key_of(self, sealed: bytes) -> str:
        """The id of the key that opens a sealed value."""
        key_id = sealed[len(_MARK) : len(_MARK) + _ID].decode("ascii", "replace")
        long_enough = len(sealed) >= len(_MARK) + _ID + _NONCE + _TAG
        if not sealed.startswith(_MARK) or not long_enough or not _is_id(key_id):
            raise StateTrouble("A sealed value is damaged.", "Restore the database from a backup, or connect again.")
        return key_id

    def key_needed(self, sealed: bytes, connection: str, name: str) -> str:
        """The key without which it would not open; none (empty) where it opens with no key: damaged, or moved.

        A key that cannot be read now is needed: it may be there again when its rights are put right.
        """
        key_id = ""
        with suppress(StateTrouble):  # what no key opens needs none
            named = self.key_of(sealed)
            try:
                self._key(named)
            except StateTrouble:
                return named
            self.open(sealed, connection, name)
            key_id = named
        return key_id

    # --- marks of rows

    def marks(self, contents: Sequence[bytes]) -> list[bytes]:
        """A mark for each of these: who has no key cannot make it (`store/marks.py`)."""
        self._look_again()
        key_id = self._current.encode()
        key = self._mark_key(self._current)
        return [key_id + mark_under(key, content) for content in contents]

    @property
    def has_begun_to_mark(self) -> bool:
        """Whether a row without a mark is one that nobody with the key has written."""
        return (self._keys / _MARKED).exists()

    def begin_to_mark(self) -> None:
        """From now on every row of this home has a mark."""
        with _disk(), suppress(FileExistsError):  # another process was as fast
            write_new(self._keys / _MARKED, b"")

    def fits(self, content: bytes, mark: bytes) -> bool:
        """Whether `mark` was made for exactly this content with a key of this home."""
        key_id = self.key_of_mark(mark)
        if not _is_id(key_id):
            return False
        try:
            key = self._mark_key(key_id)
        except StateTrouble:  # no key of this home: whoever made it had another one
            return False
        return hmac.compare_digest(mark_under(key, content), mark[_ID:])

    def _mark_key(self, key_id: str) -> bytes:
        """A key for marks only: the one that seals is never used for anything else."""
        if key_id not in self._mark_keys:
            self._mark_keys[key_id] = mark_under(self._key(key_id), _MARKS)
        return self._mark_keys[key_id]

    @staticmethod
    def key_of_mark(mark: bytes) -> str:
        """The id of the key that a mark was made with."""
        return mark[:_ID].decode("ascii", "replace")

    # --- rotation: new_key, then reseal every value and renew every mark, then forget_old

    def new_key(self) -> str:
        """Put a fresh key in use, and give the id of the one before, which stays to open what it has sealed."""
        self._look_again()
        before = self._current
        with _disk():
            self._current = _new_key(self._keys, self._random)
            self._key(self._current)
            _set_current(self._keys, self._current)
        return before

    def reseal(self, sealed: bytes, connection: str, name: str) -> bytes:
        """The same value under the current key; as it is, if it is so already."""
        if self.key_of(sealed) == self._current:
            return sealed
        return self.seal(self.open(sealed, connection, name), connection, name)

    def forget_old(self, needed: Collection[str]) -> list[str]:
        """Delete all keys but the one in use and those `needed`, by id. Gives the ids of those that are gone."""
        self._look_again()
        old = [path for path in self._keys.glob("*.key") if path.stem not in (self._current, *needed)]
        with _disk():
            for path in old:
                path.unlink()
        self._cache = {self._current: self._key(self._current)}
        self._mark_keys = {}
        return sorted(path.stem for path in old)

    def _key(self, key_id: str) -> bytes:
        if key_id not in self._cache:
            self._cache[key_id] = _read_key(self._keys / f"{key_id}.key")
        return self._cache[key_id]


def _cipher(key: bytes) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # loaded late: it slows every start

    return AESGCM(key)


def _bound(head: bytes, connection: str, name: str) -> bytes:
    """The associated data: no two pairs of connection and name give the same bytes."""
    parts = (connection.encode(), name.encode())
    return head + b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _is_id(text: str) -> bool:
    return len(text) == _ID and all(letter in "0123456789abcdef" for letter in text)


def _in_use(keys: Path) -> str:
    """The id of the current key. Raises `StateTrouble` where the home does not say."""
    try:
        key_id = (keys / _CURRENT).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StateTrouble("The key of this home cannot be found.", _RESTORE) from error
    if not _is_id(key_id):
        raise StateTrouble("The file that names the current key is damaged.", _RESTORE)
    return key_id


def _new_key(keys: Path, random: Random) -> str:
    key_id = random(_ID // 2).hex()
    write_new(keys / f"{key_id}.key", random(_KEY))
    return key_id


def _set_current(keys: Path, key_id: str) -> None:
    """In one step: a crash leaves the old name or the new one, never half of it."""
    fresh = keys / f"{_CURRENT}.{key_id}"
    write_new(fresh, key_id.encode())
    fresh.replace(keys / _CURRENT)
    sync_folder(keys)


def _read_key(path: Path) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        raise StateTrouble(f"Key {path.stem} cannot be read.", _RESTORE) from error
    try:
        status = os.fstat(handle)
        content = os.read(handle, _KEY + 1)
    finally:
        os.close(handle)
    if not stat.S_ISREG(status.st_mode) or status.st_mode & 0o077:
        raise StateTrouble(f"Key file {path.name} is open to other users.", f"Close it:  chmod 600 {path}")
    must_be_ours(path)
    if len(content) != _KEY:
        raise StateTrouble(f"Key file {path.name} is damaged.", _RESTORE)
    return content


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StateTrouble("The key folder cannot be written.", "Check its rights and the free space.") from error
