"""``site.toml``: what the owner decides about a site. Checked strictly, and every complaint says what to write instead."""

import re
import tomllib
from difflib import get_close_matches
from ipaddress import IPv4Address
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from blockchain_iface.engines.opening import Engine
from blockchain_iface.state.records import Tariff
from firmware.wire.topics import is_id

from .toml_lines import line_of

FILE = "site.toml"


class SettingsError(Exception):
    """``site.toml`` is wrong: its author's fault. The message names the key and what belongs there."""


_ADDRESS = re.compile(r"[0-9A-Za-z.:-]{1,253}")


def _id(text: str) -> str:
    if not is_id(text):
        raise ValueError("1 to 32 of a-z, 0-9 and - are expected")
    return text


def _ipv4(text: str) -> str:
    return str(IPv4Address(text))


def _address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise ValueError("an IP address or a DNS name is expected")
    return text


def _absolute(text: str) -> str:
    if not Path(text).is_absolute():
        raise ValueError("a path from / on is expected")
    return text


Port = Annotated[int, Field(ge=1, le=65535)]
Money = Annotated[int, Field(ge=0, lt=1 << 62)]
Ppm = Annotated[int, Field(ge=0, le=100_000_000)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class BrokerSettings(_Table):
    """Where the broker listens, and the names and addresses by which meters reach it; the first is told to them."""

    host: Annotated[str, AfterValidator(_ipv4)] = "127.0.0.1"
    port: Port
    addresses: Annotated[list[Annotated[str, AfterValidator(_address)]], Field(min_length=1)] = ["127.0.0.1"]

    @property
    def near(self) -> str:
        """The address by which the gateway itself reaches it."""
        return "127.0.0.1" if self.host == "0.0.0.0" else self.host  # noqa: S104 - to be told apart, not to be bound

    @property
    def certified(self) -> list[str]:
        """What the broker's certificate has to name."""
        return list(dict.fromkeys([*self.addresses, self.near]))


class DashboardSettings(_Table):
    """Where dashboard and API listen, and the names and addresses by which people reach them."""

    host: Annotated[str, AfterValidator(_ipv4)] = "127.0.0.1"
    port: Port
    addresses: Annotated[list[Annotated[str, AfterValidator(_address)]], Field(min_length=1)] = ["127.0.0.1"]

    @property
    def is_near(self) -> bool:
        """Whether nobody beyond this machine can reach it."""
        return IPv4Address(self.host).is_loopback

    @property
    def certified(self) -> list[str]:
        """What its certificate has to name: the gateway's own commands ask it from this machine."""
        return list(dict.fromkeys([*self.addresses, "127.0.0.1"]))


class DisconnectSettings(_Table):
    """How many meters one person alone may cut off within an hour: so many, of that share of all, and always one."""

    meters: Annotated[int, Field(ge=1, le=1_000_000)] = 3
    percent: Annotated[int, Field(ge=0, le=100)] = 5


class HomeAssistantSettings(_Table):
    """Whether Home Assistant is told of the meters: one reader more."""

    enabled: bool = False


class StandbySettings(_Table):
    """A directory on another disk that has every block before its receipts go out, and the site's papers a second later."""

    directory: Annotated[str, AfterValidator(_absolute)]


class TariffSettings(_Table):
    """Prices in micro-tokens per kWh, shares in millionths; fixed by the ledger's first entry. See state.Tariff."""

    feed_in: Money = 80_000
    price_min: Money = 100_000
    price_max: Money = 300_000
    grid_price: Money = 320_000
    mu_min_ppm: Ppm = 800_000
    mu_max_ppm: Ppm = 1_200_000
    margin_ppm: Ppm = 1_000_000
    loss_ppm: Ppm = 10_000
    payout_at: Money = 1_000_000_000
    payout_keep: Money = 500_000_000
    bands: list[Annotated[tuple[int, Money], Strict(False)]] = [
        (0, 160_000),
        (21_600, 200_000),
        (61_200, 240_000),
        (79_200, 160_000),
    ]

    def tariff(self) -> Tariff:
        """As the ledger takes it."""
        return Tariff(**{**self.model_dump(), "bands": tuple(self.bands)})


class Settings(BaseSettings):
    """A whole ``site.toml``. ``interval_s`` 1..86,400; ``deadline_s`` after an interval's end silent meters are estimated."""

    model_config = SettingsConfigDict(extra="forbid", strict=True, frozen=True)

    site: Annotated[str, AfterValidator(_id)]
    engine: Annotated[Engine, Strict(False)] = Engine.EMBEDDED
    interval_s: Annotated[int, Field(ge=1, le=86400)]
    deadline_s: Annotated[int, Field(ge=1, le=86400)]
    broker: BrokerSettings
    dashboard: DashboardSettings
    disconnect: DisconnectSettings = DisconnectSettings()
    home_assistant: HomeAssistantSettings = HomeAssistantSettings()
    standby: StandbySettings | None = None
    tariff: TariffSettings = TariffSettings()

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], *_: PydanticBaseSettingsSource, **__: PydanticBaseSettingsSource
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The file and nothing else: the environment's SITE or TARIFF is somebody else's."""
        return (TomlConfigSettingsSource(settings_cls),)


def load(path: Path) -> Settings:
    """The settings in the file at ``path``. SettingsError for anything but valid ones."""

    class Here(Settings):
        model_config = SettingsConfigDict(toml_file=path)

    try:
        text = path.read_text("utf-8")
        return Here.model_validate({})
    except FileNotFoundError:
        raise SettingsError(f"{path} is missing: `skerry gateway init` makes a site directory") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from None
    except ValidationError as error:
        raise SettingsError("; ".join(f"{path}: {_complaint(text, item)}" for item in error.errors())) from None


def _complaint(text: str, item: Any) -> str:
    line = line_of(text, item["loc"])
    where = ("" if line is None else f"line {line}: ") + ".".join(str(part) for part in item["loc"])
    if item["type"] != "extra_forbidden":
        return f"{where}: {item['msg']}"
    near = get_close_matches(item["loc"][-1], _names(item["loc"][:-1]), n=1, cutoff=0)
    return f"{where}: there is no such key; is {near[0]} meant?"


def _names(path: tuple[str | int, ...]) -> list[str]:
    table: Any = Settings
    for part in path:
        annotation = table.model_fields[part].annotation
        table = next((one for one in get_args(annotation) if one is not NoneType), annotation)
    return list(table.model_fields)


def document(site: str, engine: Engine, interval_s: int, deadline_s: int, broker_port: int, dashboard_port: int) -> str:
    """A new site's ``site.toml``, the tariff written out so that people see what they can change before the first run."""
    tariff, disconnect = TariffSettings(), DisconnectSettings()
    lines = [f"{name} = {value}" for name, value in tariff.model_dump(exclude={"bands"}).items()]
    bands = ", ".join(f"[{start}, {price}]" for start, price in tariff.bands)
    return f"""\
site = "{site}"
# embedded: a ledger of this site's own; cometbft: one ledger with other sites
engine = "{engine}"
interval_s = {interval_s}
# seconds after an interval's end from which a silent meter no longer holds up the others
deadline_s = {deadline_s}

# for meters on other machines: host = "0.0.0.0", and the names or addresses by which they reach it
[broker]
host = "127.0.0.1"
port = {broker_port}
addresses = ["127.0.0.1"]

# for people on other machines: host = "0.0.0.0", and the names or addresses by which they reach it. Then it speaks TLS only, by
# the site's own authority (keys/door/ca.pem), and shows nothing without a key: `skerry gateway key add` makes one
[dashboard]
host = "127.0.0.1"
port = {dashboard_port}
addresses = ["127.0.0.1"]

# how many meters one person alone may cut off within an hour: at most so many, and at most this share of all, but always
# one; beyond that a second person approves each: `skerry gateway approve`
[disconnect]
meters = {disconnect.meters}
percent = {disconnect.percent}

# micro-tokens per kWh and millionths; the first run fixes interval and tariff for good
[tariff]
{chr(10).join(lines)}
# [second of the UTC day from which it holds, price]
bands = [{bands}]
"""
