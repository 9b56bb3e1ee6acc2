"""Who means harm."""

from typing import Annotated, Literal

from pydantic import Field

from .fault import Fault


class Clone(Fault):
    """Somebody has read a meter's flash, with its keys, and runs a second one from it."""

    on: Literal["adversary"]
    kind: Literal["clone"]


class Flood(Fault):
    """Strangers without a certificate knock at the broker's door as often as they can; `of` is `broker`."""

    on: Literal["adversary"]
    kind: Literal["flood"]


class Fork(Fault):
    """The operator shows the meters another history: a second gateway from a copy of the site, keys and all, takes the first
    one's place, and then the first one comes back. `of` is `gateway`."""

    on: Literal["adversary"]
    kind: Literal["fork"]


Adversary = Annotated[Clone | Flood | Fork, Field(discriminator="kind")]
