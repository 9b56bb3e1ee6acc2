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


Adversary = Annotated[Clone | Flood, Field(discriminator="kind")]
