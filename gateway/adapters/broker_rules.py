"""Who may say and hear what on the broker: one set of rules, written for mosquitto and asked by amqtt.

gateway          reads and writes everything of its site
a meter          writes sk/v1/<site>/<its name>/up/#, reads sk/v1/<site>/<its name>/down/#
everybody else   is not let in
"""

import base64
import hashlib
import hmac
import secrets
from pathlib import Path

from firmware.wire.topics import ROOT

from . import files

HOST = "127.0.0.1"
GATEWAY = "gateway"
RESERVED = (GATEWAY, "ledger")
"""Names that no meter may have: the gateway's on the broker, and the ledger's in statements."""
MAX_PACKET = 131072
"""Bytes. Above it the broker cuts the sender off; below it the gateway refuses what is too large, counts it and says why."""
MAX_QUEUED = 1000
_ROUNDS = 101  # mosquitto's default; a password of 32 random bytes needs no slow hash
_SALT = 12
_HASH = 64


def new_password() -> str:
    """32 random bytes, in letters that fit everywhere."""
    return secrets.token_urlsafe(32)


def password_line(username: str, password: str) -> str:
    """One line of mosquitto's password file: PBKDF2 with SHA-512 (mosquitto_passwd(1), format 7)."""
    salt = secrets.token_bytes(_SALT)
    encoded = [base64.b64encode(part).decode() for part in (salt, _hash(password, salt, _ROUNDS))]
    return f"{username}:$7${_ROUNDS}${'$'.join(encoded)}"


def password_holds(line: str, password: str) -> bool:
    """True if ``line`` was made of ``password``."""
    _, _, rounds, salt, digest = line.partition(":")[2].split("$")
    return hmac.compare_digest(_hash(password, base64.b64decode(salt), int(rounds)), base64.b64decode(digest))


def _hash(password: str, salt: bytes, rounds: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds, _HASH)


def read_passwords(path: Path) -> dict[str, str]:
    """The lines of a password file, by user."""
    lines = path.read_text().splitlines() if path.exists() else []
    return {line.partition(":")[0]: line for line in lines}


def set_password(path: Path, username: str, password: str) -> None:
    """Give ``username`` a new password; the others keep theirs. The broker must be told to read the file again."""
    lines = read_passwords(path)
    lines[username] = password_line(username, password)
    files.write_secret(path, "".join(f"{line}\n" for line in lines.values()).encode())


def site_topics(site: str) -> str:
    """The filter for everything of a site."""
    return f"{ROOT}/{site}/#"


def _own(site: str, username: str, direction: str) -> str:
    return f"{ROOT}/{site}/{username}/{direction}/#"


def may_write(site: str, username: str, topic: str) -> bool:
    """Whether ``username`` may publish on ``topic`` (no wildcards)."""
    return _covers(site_topics(site) if username == GATEWAY else _own(site, username, "up"), topic)


def may_read(site: str, username: str, topic: str) -> bool:
    """Whether ``username`` may receive ``topic``, or everything that the filter ``topic`` matches."""
    return _covers(site_topics(site) if username == GATEWAY else _own(site, username, "down"), topic)


def _covers(allowed: str, topic: str) -> bool:
    """``allowed`` ends in ``/#`` and has no other wildcard, so it covers exactly the topics and filters below it."""
    return topic.startswith(allowed.removesuffix("#")) or topic == allowed.removesuffix("/#")


def acl(site: str) -> str:
    """The same rules as mosquitto's ACL file (mosquitto.conf(5), acl_file)."""
    return f"""\
user {GATEWAY}
topic readwrite {site_topics(site)}

pattern write {_own(site, "%u", "up")}
pattern read {_own(site, "%u", "down")}
"""


def mosquitto_conf(port: int, user: str, password_file: Path, acl_file: Path) -> str:
    """mosquitto's configuration. ``user``: who runs it; as root mosquitto would else become one that cannot read its files.

    Nothing is kept on disk: what a broker loses, the meters send again.
    """
    return f"""\
listener {port} {HOST}
user {user}
persistence false
allow_anonymous false
password_file {password_file}
acl_file {acl_file}
use_username_as_clientid true
max_packet_size {MAX_PACKET}
max_queued_messages {MAX_QUEUED}
max_queued_bytes {MAX_QUEUED * 4096}
max_inflight_messages 200
log_dest stderr
log_type error
log_type warning
log_type notice
connection_messages false
"""
