"""Enrolment tokens: for one meter of one site, once, for a quarter of an hour; every refusal has its own sentence."""

from dataclasses import replace

import pytest

from gateway.core.token import LIFE_S, SECRET_SIZE, Token, TokenRefused, claim, issue

NOW = 1_800_000_000
REQUEST = b"the request"
TEXT, KEPT = issue("isle", "wind-1", bytes(range(SECRET_SIZE)), NOW)


def claimed(text: str = TEXT, site: str = "isle", meter: str = "wind-1", kept: Token | None = KEPT, after_s: int = 1) -> Token:
    return claim(text, site, meter, kept, REQUEST, NOW + after_s)


def test_a_token_is_claimed_by_one_request_and_by_it_again_after_a_crash() -> None:
    once = claimed()
    assert once.claimant
    assert claimed(kept=once, after_s=10 * LIFE_S) == once
    with pytest.raises(TokenRefused, match="has been used"):
        claim(TEXT, "isle", "wind-1", once, b"another request", NOW + 2)
    with pytest.raises(TokenRefused, match="has been used"):
        claimed(kept=replace(once, spent=True))


def test_what_is_kept_gives_nothing_away() -> None:
    assert TEXT.rpartition(".")[2] not in repr(KEPT)
    assert issue("isle", "wind-1", bytes(SECRET_SIZE), NOW)[1].digest != KEPT.digest


@pytest.mark.parametrize("after_s", [0, LIFE_S - 1])
def test_it_lives_a_quarter_of_an_hour(after_s: int) -> None:
    assert claimed(after_s=after_s).claimant


@pytest.mark.parametrize("after_s", [LIFE_S, LIFE_S + 1, -1])
def test_it_does_not_live_longer_even_if_the_clock_is_set_back(after_s: int) -> None:
    with pytest.raises(TokenRefused, match=r"has expired, it lives 15 minutes: ask the operator"):
        claimed(after_s=after_s)


@pytest.mark.parametrize("text", ["", "x", "isle.wind-1", TEXT + ".x", "is le.wind-1.x", "isle..x"])
def test_what_is_no_token_is_told_so(text: str) -> None:
    with pytest.raises(TokenRefused, match=r"this is no enrolment token: one reads site\.meter\.secret"):
        claimed(text=text)


def test_a_token_of_another_site_or_meter_is_told_so() -> None:
    with pytest.raises(TokenRefused, match="the token is for site isle, this is atoll"):
        claimed(site="atoll")
    with pytest.raises(TokenRefused, match="the token is for wind-1, the request is of wind-2"):
        claimed(meter="wind-2")


@pytest.mark.parametrize("kept", [None, issue("isle", "wind-1", bytes(SECRET_SIZE), NOW)[1]])
def test_a_guessed_or_replaced_token_is_told_so(kept: Token | None) -> None:
    with pytest.raises(TokenRefused, match="never issued, or a newer one has replaced it"):
        claimed(kept=kept)
