"""What BIRD's info column is read as; each text is one that BIRD or the C library prints."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calico_bundle.calico.bgp_states import meaning


@pytest.mark.parametrize(
    "info, part",
    [
        ("Active Socket: Connection refused", "refuses"),
        ("Connect Socket: No route to host", "ARP"),
        ("Connect Socket: Host is unreachable", "ARP"),
        ("Active Socket: Network is unreachable", "no route"),
        ("Idle Socket: Cannot assign requested address", "does not have the address"),
        ("Idle Socket: Address not available", "does not have the address"),
        ("Idle BGP Error: Bad peer AS", "AS numbers"),
        ("Idle Received: Bad peer AS", "AS numbers"),
        ("Active Error: Hold timer expired", "nothing more was heard"),
        ("Idle Received: Administrative shutdown", "switched it off"),
        ("Connect", "nothing answers"),
        ("Passive", "other side to dial"),
        ("OpenSent", "does not answer in BGP"),
    ],
)
def test_words_of_a_session_that_is_not_up(info: str, part: str):
    assert part in (meaning(info) or "")


def test_an_error_says_more_than_the_state_before_it():
    assert meaning("Connect Socket: Connection refused") != meaning("Connect")


@given(st.text())
def test_other_words_mean_nothing_and_do_not_fail(info: str):
    assert meaning(info) is None or isinstance(meaning(info), str)
    assert meaning(f"~{info}") is None or any(c.isalpha() for c in info)
