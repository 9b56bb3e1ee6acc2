"""Orders that wait for a second person, because with them too many meters would be cut off within an hour."""

from collections.abc import Callable
from pathlib import Path

import structlog

from .adapters import files, orders
from .adapters.api_keys import ApiKeyError
from .adapters.orders import Approval, CommandOrder, OrderError
from .core import command_words
from .core.api_key import Role
from .core.bulk import HOLD_S, WINDOW_S, Bulk, cuts
from .core.command_words import WordsError
from .site import Site, now

_log = structlog.get_logger()
_NS = 10**9


class Approvals:
    """Which orders one person may have carried out. All calls come from the worker's thread.

    An order that waits lies in ``orders/held``. What was cut off before the gateway started stands in ``orders/done``.
    """

    def __init__(self, site: Site, count: Callable[[], int]) -> None:
        """``count``: how many meters the site has."""
        self._site = site
        self._count = count
        rule = site.settings().disconnect
        self._bulk = Bulk(rule.meters, rule.percent)
        self._remember()

    def must_wait(self, order: CommandOrder) -> bool:
        """Whether a second person has to approve ``order`` first. WordsError."""
        return _cuts(order) and self._bulk.takes_two(order.meter, self._count(), now())

    def note(self, order: CommandOrder) -> None:
        """``order`` is carried out."""
        if _cuts(order):
            self._bulk.note(order.meter, now())

    def approved(self, approval: Approval) -> tuple[Path, CommandOrder] | None:
        """Where the order lies that is now to be carried out, and what it says; None if it has been already.

        Raises:
            OrderError: there is none, it is too late, or this is no second person. The message says what to do.
        """
        inbox = self._site.orders
        path = inbox.held(approval.of)
        if inbox.is_done(approval.of):
            return None
        try:
            order = CommandOrder.model_validate_json(path.read_bytes())
            self._check(approval, order)
        except FileNotFoundError:
            raise OrderError(f"no order {approval.of} waits: it was refused, or is too old; order it again") from None
        except (ValueError, ApiKeyError) as error:
            raise OrderError(f"{approval.of} cannot be approved: {error}") from None
        left = order.expires - order.by.at
        order = order.model_copy(update={"approved": approval.by, "expires": now() + left})
        files.write_secret(path, order.model_dump_json(indent=2).encode())
        return path, order

    def expire(self) -> None:
        """Refuse what nobody has approved in time."""
        for path in self._site.orders.all_held():
            if path.stat().st_mtime + HOLD_S < now():
                _log.warning("an order is refused: nobody has approved it", file=path.name)
                self._site.orders.refuse(path, f"no second person approved it within {HOLD_S // 60} minutes: order it again")

    def _check(self, approval: Approval, order: CommandOrder) -> None:
        by = approval.by
        if by.name == order.by.name:
            raise OrderError(f"{by.name} has ordered this: a second person has to approve it")
        key = next((key for key in self._site.api_keys.all() if (key.name, key.role) == (by.name, by.role)), None)
        if key is None or not key.role.covers(Role.OPERATOR):
            raise OrderError(f"{by.name} has no key that may approve: it takes an operator's")
        if key.created >= order.by.at:
            raise OrderError(f"the key of {by.name} is younger than the order: whoever orders could have made it")

    def _remember(self) -> None:
        """Names of orders begin with their time."""
        since = f"{(now() - WINDOW_S - HOLD_S) * _NS:020}"
        for path in (self._site.root / "orders" / "done").glob("*.json"):
            if path.name < since:
                continue
            try:
                order = orders.parse(path.read_bytes())
                if isinstance(order, CommandOrder) and _cuts(order):
                    self._bulk.note(order.meter, (order.approved or order.by).at)
            except (OrderError, WordsError):
                continue


def _cuts(order: CommandOrder) -> bool:
    return cuts(*command_words.parse(order.words, order.top_up))
