"""The bodies of the entries that the shadow centre signs, each with its type, its encoding and its strict decoding."""

from .action import Action
from .commissioning import Commissioning
from .cosigned import Cosigned
from .genesis import Genesis
from .market import Pricing, Settlement, Transaction
from .orders import Recharge, Recovery
from .registry import ROLES, Alarm, Enrolment, Exchange, Leak, Readmission, Revocation
from .sighting import Sighting

__all__ = [
    "ROLES",
    "Action",
    "Alarm",
    "Commissioning",
    "Cosigned",
    "Enrolment",
    "Exchange",
    "Genesis",
    "Leak",
    "Pricing",
    "Readmission",
    "Recharge",
    "Recovery",
    "Revocation",
    "Settlement",
    "Sighting",
    "Transaction",
]
