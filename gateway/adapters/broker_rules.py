"""Who may say and hear what on the broker: one set of rules, written for mosquitto and asked by amqtt.

gateway          reads and writes everything of its site and below homeassistant/
reader           reads what meters say of themselves (up/state) and homeassistant/#; writes homeassistant/status
a meter          writes sk/v1/<site>/<its name>/up/#, reads sk/v1/<site>/<its name>/down/#
everybody else   is not let in

Who somebody is says the common name of the client certificate, over TLS 1.2 or newer: it is the username and the client id,
whatever the client calls itself.
"""

from pathlib import Path

from firmware.wire.topics import ROOT

from ..core import assistant
from ..core.authority import GATEWAY, READER

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2: forward secrecy and authenticated encryption (RFC 9325, section 4.2). TLS 1.3 has no others."""
MAX_PACKET = 131072
"""Bytes. Above it the broker cuts the sender off; below it the gateway refuses what is too large, counts it and says why."""
MAX_QUEUED = 10_000
"""Messages that wait for one client; what comes beyond it is dropped, and its meter sends it again. 200 bytes to 4 KiB each."""
MAX_INFLIGHT = 4000
"""Messages that one client is sent ahead of its acknowledgements: some of the gateway's batches, so that it waits for none."""


def site_topics(site: str) -> str:
    """The filter for everything of a site."""
    return f"{ROOT}/{site}/#"


def _own(site: str, username: str, direction: str) -> str:
    return f"{ROOT}/{site}/{username}/{direction}/#"


def may_write(site: str, username: str, topic: str) -> bool:
    """Whether ``username`` may publish on ``topic`` (no wildcards)."""
    if username == READER:
        return topic == assistant.BIRTH
    if username == GATEWAY:
        return _covers(site_topics(site), topic) or _covers(assistant.ALL, topic)
    return _covers(_own(site, username, "up"), topic)


def may_read(site: str, username: str, topic: str) -> bool:
    """Whether ``username`` may receive ``topic``, or everything that the filter ``topic`` matches."""
    if username == READER:
        level = topic.split("/")
        is_state = len(level) == 6 and "#" not in topic and "/".join((*level[:3], "+", *level[4:])) == _states(site)
        return is_state or _covers(assistant.ALL, topic)
    if username == GATEWAY:
        return _covers(site_topics(site), topic) or _covers(assistant.ALL, topic)
    return _covers(_own(site, username, "down"), topic)


def _states(site: str) -> str:
    return f"{ROOT}/{site}/+/up/state"


def _covers(allowed: str, topic: str) -> bool:
    """``allowed`` ends in ``/#`` and has no other wildcard, so it covers exactly the topics and filters below it."""
    return topic.startswith(allowed.removesuffix("#")) or topic == allowed.removesuffix("/#")


def acl(site: str) -> str:
    """The same rules as mosquitto's ACL file (mosquitto.conf(5), acl_file)."""
    return f"""\
user {GATEWAY}
topic readwrite {site_topics(site)}
topic readwrite {assistant.ALL}

user {READER}
topic read {_states(site)}
topic read {assistant.ALL}
topic write {assistant.BIRTH}
topic deny {ROOT}/{site}/{READER}/#

pattern write {_own(site, "%u", "up")}
pattern read {_own(site, "%u", "down")}
"""


def mosquitto_conf(host: str, port: int, user: str, ca: Path, certificate: Path, crl: Path, acl_file: Path) -> str:
    """mosquitto's configuration. ``user``: who runs it; as root mosquitto would else become one that cannot read its files.

    Nothing is kept on disk: what a broker loses, the meters send again. ``certificate`` has the broker's key, too.
    """
    return f"""\
listener {port} {host}
cafile {ca}
certfile {certificate}
keyfile {certificate}
crlfile {crl}
tls_version tlsv1.2
ciphers {CIPHERS}
require_certificate true
use_identity_as_username true
use_username_as_clientid true
user {user}
persistence false
allow_anonymous false
acl_file {acl_file}
max_packet_size {MAX_PACKET}
max_queued_messages {MAX_QUEUED}
max_queued_bytes {MAX_QUEUED * 1024}
max_inflight_messages {MAX_INFLIGHT}
log_dest stderr
log_type error
log_type warning
log_type notice
connection_messages false
"""
