"""Interfaces that first-found and skip-interface pass over by default, per Calico version.

Source: node/pkg/lifecycle/startup/autodetection/autodetection_linux.go (before v3.22 in startup.go), read at the tags
that each row names. Patterns are Go regular expressions that match anywhere in the name unless they are anchored.
"""

from __future__ import annotations

Version = tuple[int, ...]

_OLDEST = (
    "docker.*", "cbr.*", "dummy.*", "virbr.*", "lxcbr.*", "veth.*", "lo", "cali.*", "tunl.*", "flannel.*",
    "kube-ipvs.*",
)  # fmt: skip
_WITH_CNI = (*_OLDEST, "cni.*")
_ANCHORED = tuple(f"^{pattern}" for pattern in _WITH_CNI)
_TUNNELS = (r"^vxlan\.calico.*", r"^vxlan-v6\.calico.*", r"^wireguard\.cali.*", r"^wg-v6\.cali.*")
_NODELOCAL = (*_ANCHORED, *_TUNNELS, "^nodelocaldns.*")
_CURRENT = (*_NODELOCAL, "^podman.*", "^br-.*")


def default_exclusions(version: Version | None) -> tuple[str, ...]:
    """The patterns of a version; those of v3.25 and later where it is not known.

    v3.23.4 and v3.24.3 anchored the names and so let `vxlan.calico` through (projectcalico/calico#6927).

    >>> "^br-.*" in default_exclusions((3, 28, 5)), "^br-.*" in default_exclusions((3, 24, 6))
    (True, False)
    """
    if version is None or version >= (3, 25):
        return _CURRENT
    if version < (3, 15):
        return _OLDEST
    patch = version[2] if len(version) > 2 else 0
    if version[:2] == (3, 24):
        return _of_3_24(patch)
    if version[:2] == (3, 23) and patch >= 4:
        return _ANCHORED if patch == 4 else (*_ANCHORED, *_TUNNELS)
    return _WITH_CNI


def possible_exclusions(version: Version | None) -> tuple[tuple[str, ...], ...]:
    """Every list that a version may have: its own, or all of them where the version is not known.

    >>> len(possible_exclusions((3, 28, 5))), len(possible_exclusions(None))
    (1, 6)
    """
    if version is not None:
        return (default_exclusions(version),)
    return _OLDEST, _WITH_CNI, _ANCHORED, (*_ANCHORED, *_TUNNELS), _NODELOCAL, _CURRENT


def _of_3_24(patch: int) -> tuple[str, ...]:
    if patch <= 2:
        return _WITH_CNI
    if patch == 3:
        return _ANCHORED
    return (*_ANCHORED, *_TUNNELS) if patch <= 5 else _NODELOCAL
