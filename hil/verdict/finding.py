"""The three words that a rule may say, and the sentence that it says them with."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Word(StrEnum):
    """Unknown is not a weak pass: what was not seen is not proved."""

    PASS = "pass"  # noqa: S105 - a word, not a secret
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found in one series. `evidence` is a sentence with the figures it rests on."""

    word: Word
    evidence: str


def worst(words: Iterable[Word]) -> Word:
    """Fail if one fails, else unknown if one is unknown or there is none at all, else pass."""
    heard = set(words)
    if Word.FAIL in heard:
        return Word.FAIL
    return Word.PASS if heard == {Word.PASS} else Word.UNKNOWN
