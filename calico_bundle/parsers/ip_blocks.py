"""The blocks of `ip addr` and `ip link` in the strict form in which iproute2 prints them without options.

Each pattern takes less than the general reader does, and nothing of which that reader would note a gap: no word that is
not known, no hidden value, no text that is not an address (iproute2 ip/ipaddress.c: print_linkinfo, print_addrinfo).
"""

from __future__ import annotations

import re

_NAME = rb"[A-Za-z0-9._-]{1,127}"
_NUMBER = rb"[0-9]{1,10}"
_OCTET = rb"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
IPV4 = _OCTET + rb"(?:\." + _OCTET + rb"){3}"
"""An IPv4 address."""

_GROUP = rb"[0-9a-f]{1,4}"
_GROUPS = _GROUP + rb"(?::" + _GROUP + rb")*+"
_WHOLE_IPV6 = rb"(?:" + _GROUP + rb":){7}" + _GROUP
_SHORT_IPV6 = rb"(?=(?:[0-9a-f]*:){2,7}[0-9a-f]*[/ ])(?:" + _GROUPS + rb")?::(?:" + _GROUPS + rb")?"
IPV6 = rb"(?:" + _SHORT_IPV6 + rb"|" + _WHOLE_IPV6 + rb")(?=[/ ])"
"""An IPv6 address, before a slash or a blank: eight groups, or `::` among at most seven, each of which is one."""

MAC = rb"[0-9a-f]{2}(?::[0-9a-f]{2})+"
"""A link-layer address."""

_FLAGS = (
    rb"(?: (?:secondary|temporary|nodad|optimistic|dadfailed|home|deprecated|tentative|permanent|dynamic|mngtmpaddr"
    rb"|noprefixroute|autojoin|stable-privacy|mcautojoin)(?=[ \n]))*+"
)
_LIFETIME = rb"(?:forever|[0-9]{1,10}sec)"
_END_OF_ADDRESS = rb" ?\n       valid_lft " + _LIFETIME + rb" preferred_lft " + _LIFETIME + rb"\n"
_METRIC = rb"(?: metric " + _NUMBER + rb")?"
_OWN_4 = (
    rb"    inet (" + IPV4 + rb"/(?:[12]?[0-9]|3[0-2]))" + _METRIC + rb"(?: brd " + IPV4 + rb")? scope (" + _NAME + rb")"
    rb"(" + _FLAGS + rb")(?: [A-Za-z0-9._:-]{1,31})?" + _END_OF_ADDRESS
)
_OWN_6 = (
    rb"    inet6 (" + IPV6 + rb"/(?:[1-9]?[0-9]|1[01][0-9]|12[0-8]))" + _METRIC + rb" scope (" + _NAME + rb")"
    rb"(?: proto " + _NAME + rb")?(" + _FLAGS + rb")" + _END_OF_ADDRESS
)
OWN_ADDRESS = re.compile(_OWN_4 + rb"|" + _OWN_6)
"""An address with its lifetimes; groups are address, scope and flags of IPv4, then those of IPv6."""


def without_groups(pattern: bytes) -> bytes:
    """The same pattern, which tells where it matches and nothing of what is in it.

    >>> without_groups(rb"(a)(?:b)")
    b'(?:a)(?:b)'
    """
    return re.sub(rb"\((?!\?)", rb"(?:", pattern)


_OWN_ADDRESSES = rb"((?:" + without_groups(OWN_ADDRESS.pattern) + rb")*+)"
_HEADER = (
    rb": <([A-Z0-9_-]+(?:,[A-Z0-9_-]+)*+)> mtu ([0-9]{1,9})(?: qdisc " + _NAME + rb")?(?: master (" + _NAME + rb"))?"
    rb" state ([A-Z]+)(?: mode [A-Z]+)?(?: group " + _NAME + rb")?(?: qlen " + _NUMBER + rb")? ?\n"
)
_LINK = rb"    link/[a-z0-9]+(?: ([0-9a-f]*:[0-9a-f:]*|" + IPV4 + rb"))?(?: brd [0-9a-f.:]+)?"
_LINK_WORDS = rb"(?: (?:link-netns|link-netnsid|new-netnsid|permaddr) [A-Za-z0-9._:-]+)*+ ?\n"
_OTHER_NAMES = rb"((?:    altname " + _NAME + rb"\n)*+)"
_BEGIN = rb"(" + _NUMBER + rb"): (" + _NAME + rb")(?:@" + _NAME + rb")?" + _HEADER + _LINK + _LINK_WORDS + _OTHER_NAMES
BEGIN_OF_BLOCK = re.compile(_BEGIN)
"""One interface; groups are index, name, flags, MTU, master, state, link-layer address, other names."""

BLOCK = re.compile(_BEGIN + _OWN_ADDRESSES)
"""One interface with its addresses, which are one more group."""

CABLE = rb"[0-9]{1,10}: (cali[0-9a-f]{1,11})(?:@if[0-9]{1,10})?"
"""The beginning of the block of a pod's cable; its group is the name."""

NAMESPACE = rb"[A-Za-z0-9._-]{1,255}"
"""The network namespace at a cable's other end, by its name or its number."""

CABLE_BLOCK = re.compile(
    CABLE + rb"(" + without_groups(_HEADER + _LINK) + rb" link-netns(?:id)? )" + NAMESPACE +
    rb"( ?\n" + without_groups(_OTHER_NAMES + _OWN_ADDRESSES) + rb")"
)  # fmt: skip
"""A pod's cable; groups are its name, what stands before its network namespace, and what stands behind."""
