"""The embedded engine: one SQLite file, one writer. The default, and enough for an island with one shadow centre.

A batch becomes one block in one transaction (WAL, synchronous=FULL): when ``submit`` returns it is on the disk. The tree's
nodes are stored beside the entries, so neither appending nor proving rebuilds anything; the state is replayed at opening.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from firmware.wire import cose, receipt
from firmware.wire.fields import WireError
from firmware.wire.proof import leaf_hash
from firmware.wire.signer import Signer

from .. import block, merkle
from ..ledger import Corrupt, Entry, Head, Health, LedgerError, Rejected, Unavailable
from ..signatures import Verifier
from ..state.machine import Machine
from ..state.memory import MemoryBacking
from ..state.state import Refused, State

APPLICATION_ID = 0x736B7279  # "skry"
VERSION = 1
_REPLAY = 1000
_SCHEMA = """
CREATE TABLE entries (idx INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, height INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE nodes (key INTEGER PRIMARY KEY, hash BLOB NOT NULL);
CREATE TABLE blocks (height INTEGER PRIMARY KEY, size INTEGER NOT NULL, data BLOB NOT NULL, head_signature BLOB NOT NULL);
"""


def node_key(node: merkle.Node) -> int:
    """A node's place as one integer: position * 64 + level."""
    level, position = node
    return position << 6 | level


class EmbeddedLedger:
    """A ledger.Ledger on one file. All calls come from one thread at a time."""

    def __init__(self, path: Path, signer: Signer, site: str, verifier: Verifier | None = None) -> None:
        """Open or create the file and replay it.

        Args:
            path: the ledger file.
            signer: the shadow centre's key: it seals blocks and signs receipts.
            site: the site's id.
            verifier: shared with admission, so that no signature is checked twice.
        Raises:
            Corrupt: the file is no ledger, of another version, or contradicts itself.
            Unavailable: it cannot be opened or read.
        """
        self._signer = signer
        self._site = site
        self._backing = MemoryBacking()
        self._machine = Machine(verifier or Verifier(), self._backing, {site: signer.public})
        self._db = _open(path)
        self._head: Head | None = None
        self._last_block: bytes | None = None
        self._load()

    @property
    def state(self) -> State:
        """The state after the newest block. Read only."""
        return self._machine.site(self._site)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def submit(self, entries: Sequence[bytes], at: int) -> list[bytes]:
        """See ledger.Ledger.submit. A batch with news in it becomes one block; without, nothing is written."""
        statements = [_parse(data) for data in entries]
        try:
            news = self._news(statements)
            if news:
                self._apply(news)
                self._head, self._last_block = self._commit(news, at)
                self._seal(self._head.height)
        finally:
            self._machine.rollback()
        return [statement.id for statement in statements]

    def _news(self, statements: Sequence[cose.Statement]) -> list[cose.Statement]:
        fresh = {statement.id: statement for statement in statements}
        return [statement for id, statement in fresh.items() if self.get(id) is None]

    def _seal(self, height: int) -> None:
        self._backing.write(self._machine.seal(height))
        self._machine.commit()

    def _apply(self, statements: Sequence[cose.Statement]) -> None:
        for statement in statements:
            try:
                self._machine.apply(statement)
            except Refused as refusal:
                raise Rejected(statement.id, str(refusal)) from None
            self._machine.keep()

    def _commit(self, statements: Sequence[cose.Statement], at: int) -> tuple[Head, bytes]:
        self._run("BEGIN IMMEDIATE")
        try:
            sealed = self._append(statements, at)
            self._run("COMMIT")
        except LedgerError:
            with suppress(sqlite3.Error):
                self._db.rollback()
            raise
        return sealed

    def _run(self, query: str, values: tuple[int | bytes, ...] = ()) -> sqlite3.Cursor:
        """Unavailable for whatever the file or its disk refuses."""
        try:
            return self._db.execute(query, values)
        except sqlite3.Error as error:
            raise Unavailable(f"the ledger file cannot be used at the moment: {error}") from error

    def _append(self, statements: Sequence[cose.Statement], at: int) -> tuple[Head, bytes]:
        size = self._head.size if self._head else 0
        height = self._head.height + 1 if self._head else 0
        for index, statement in enumerate(statements, size):
            for node, digest in merkle.grow(index, leaf_hash(statement.data), self._node):
                self._run("INSERT INTO nodes VALUES (?, ?)", (node_key(node), digest))
            row = (index, statement.id, height, statement.data)
            self._run("INSERT INTO entries VALUES (?, ?, ?, ?)", row)
        size += len(statements)
        time = max(at, self._head.time) if self._head else at
        head = Head(height, size, merkle.root(size, self._node), time)
        sealed = block.seal(self._signer, self._site, head, self._last_block)
        head_signature = receipt.sign_head(self._signer, self._site, head.root)
        self._run("INSERT INTO blocks VALUES (?, ?, ?, ?)", (height, size, sealed, head_signature))
        return head, cose.parse(sealed).id

    def _node(self, node: merkle.Node) -> bytes:
        row = self._run("SELECT hash FROM nodes WHERE key = ?", (node_key(node),)).fetchone()
        if row is None:
            raise Corrupt(f"tree node {node} is missing")
        return bytes(row[0])

    def get(self, id: bytes) -> Entry | None:
        """See ledger.Ledger.get."""
        row = self._run("SELECT idx, id, data, height FROM entries WHERE id = ?", (id,)).fetchone()
        return Entry(*row) if row else None

    def receipt(self, id: bytes) -> bytes | None:
        """See ledger.Ledger.receipt."""
        entry = self.get(id)
        if entry is None:
            return None
        query = "SELECT size, head_signature FROM blocks WHERE height = ?"
        size, signature = self._run(query, (entry.height,)).fetchone()
        path = merkle.path(entry.index, size, self._node)
        return receipt.encode(self._signer.kid, self._site, size, entry.index, path, signature)

    def read(self, after: int, limit: int) -> list[Entry]:
        """See ledger.Ledger.read."""
        query = "SELECT idx, id, data, height FROM entries WHERE idx > ? ORDER BY idx LIMIT ?"
        return [Entry(*row) for row in self._run(query, (after, limit))]

    def blocks(self, count: int) -> list[Head]:
        """See ledger.Ledger.blocks."""
        query = "SELECT data FROM blocks ORDER BY height DESC LIMIT ?"
        return [block.parse(cose.parse(data)).head for (data,) in self._run(query, (count,))]

    def head(self) -> Head | None:
        """See ledger.Ledger.head."""
        return self._head

    def health(self, now: int) -> Health:
        """See ledger.Ledger.health."""
        try:
            self._run("SELECT 1 FROM blocks LIMIT 1").fetchone()
        except Unavailable:
            return Health(False, self._head, None)
        return Health(True, self._head, None if self._head is None else now - self._head.time)

    def _load(self) -> None:
        row = self._run("SELECT data FROM blocks ORDER BY height DESC LIMIT 1").fetchone()
        if row is not None:
            newest = block.parse(cose.parse(row[0]))
            self._head, self._last_block = newest.head, newest.id
        after = -1
        height = 0
        while entries := self.read(after, _REPLAY):
            for entry in entries:
                if entry.height > height:
                    self._seal(height)
                    height = entry.height
                try:
                    self._machine.apply(cose.parse(entry.data))
                except (Refused, WireError) as error:
                    raise Corrupt(str(error), entry.index) from None
                self._machine.keep()
            after = entries[-1].index
        self._seal(height)
        size = self._head.size if self._head else 0
        if after + 1 != size:
            raise Corrupt(f"the newest block covers {size} entries, the file holds {after + 1}")


def _parse(data: bytes) -> cose.Statement:
    try:
        return cose.parse(data)
    except WireError as error:
        raise Rejected(b"", str(error)) from None


def _open(path: Path) -> sqlite3.Connection:
    try:
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        (application,) = db.execute("PRAGMA application_id").fetchone()
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if application == 0 and db.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
            setup = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};"
            db.executescript(f"BEGIN; {_SCHEMA} {setup} COMMIT;")
        elif (application, version) != (APPLICATION_ID, VERSION):
            raise Corrupt(f"{path} is no skerry ledger of version {VERSION}")
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise Unavailable(f"{path} cannot be opened: {error}") from error
        raise Corrupt(f"{path} is no ledger file: {error}") from error
    return db
