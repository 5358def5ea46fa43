"""What the info column of a BGP session that is not up means.

Sources: BIRD's proto/bgp/bgp.c and nest/proto.c (bgp_get_status, the last error's wording), the C library's texts for the
error of connect(2); which of them a wrong or blocked address shows was measured with BIRD 1.6.8.
"""

from __future__ import annotations

_MEANINGS = (
    ("Connection refused", "the other machine refuses: nothing listens there, or a filter rejects it"),
    ("No route to host", "no way there: nobody answers ARP for the address, or a machine on the way says so"),
    ("Host is unreachable", "no way there: nobody answers ARP for the address, or a machine on the way says so"),
    ("Network is unreachable", "the node has no route to the address, or a router on the way has none"),
    ("Network unreachable", "the node has no route to the address, or a router on the way has none"),
    ("Cannot assign requested address", "the node does not have the address from which it is to dial"),
    ("Address not available", "the node does not have the address from which it is to dial"),
    ("Bad peer AS", "the two sides expect different AS numbers"),
    ("Hold timer expired", "it was up, and then nothing more was heard from the other side"),
    ("Neighbor lost", "the network that leads to the neighbor went away"),
    ("Connection closed", "the other side closed it; a BIRD that does not know the caller does so"),
    ("No listening socket", "its BIRD could not open the port"),
    ("Administrative", "somebody switched it off"),
    ("Automatic shutdown", "its BIRD switched it off after an error"),
)
_WITHOUT_ERROR = {
    "Connect": "it dials, and nothing answers: a silent drop on the way there or back",
    "Active": "it is about to dial",
    "Passive": "it waits for the other side to dial",
    "OpenSent": "the connection stands, and the other side does not answer in BGP",
    "OpenConfirm": "the connection stands, and BGP is about to",
    "Idle": "it does not try at the moment",
}


def meaning(info: str) -> str | None:
    """What a session that is not up says of the reason; None for words that are not known.

    >>> meaning("Active Socket: Connection refused")
    'the other machine refuses: nothing listens there, or a filter rejects it'
    >>> meaning("Passive")
    'it waits for the other side to dial'
    """
    found = next((text for words, text in _MEANINGS if words in info), None)
    return found or _WITHOUT_ERROR.get(info.strip().split(" ")[0] if info.strip() else "")


_OTHER_REASONS = (
    "BGP Error:", "Received:", "Administrative", "Automatic shutdown", "No listening socket", "Neighbor lost",
    "Cannot assign requested address", "Address not available", "OpenSent", "OpenConfirm",
)  # fmt: skip
_SILENCE = "Hold timer expired"


def may_be_blocked(info: str) -> bool:
    """Whether a port that is closed somewhere can be why a session is not up, going by what BIRD says of it.

    Once the two sides have spoken, it is something that they said; only a silence that came later may be a filter's.

    >>> [may_be_blocked(info) for info in ("Connect", "Active Socket: Connection refused", "Idle BGP Error: Bad peer AS")]
    [True, True, False]
    """
    return _SILENCE in info or not any(words in info for words in _OTHER_REASONS)
