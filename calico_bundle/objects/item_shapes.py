"""What items of the kinds look like that a cluster has by the thousand, each as one regular expression.

A shape holds every line of an item, in the order and with the indentation that kubectl gives them, so that what it
captures is what a YAML parser would give. An item of any other shape is read by `canonical`. No value that a shape
captures is one that a gap could be noted for: addresses are addresses, names are names.
"""

from __future__ import annotations

import re

# A name; `null` would be no name. In quotes where it is a number.
_NAME = r"(?!null\b)[a-z0-9][-a-z0-9.]*+"
_NAMESPACE = rf"(?:{_NAME}|\"{_NAME}\")"
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = rf"(?:{_OCTET}\.){{3}}{_OCTET}"
# A text without blanks (a `:` within it has a letter behind it), or in quotes without escapes.
_TEXT = r"(?:[A-Za-z0-9/][!-9;-~]*+(?::[!-9;-~]++)*+|\"[ !#-\[\]-~]*+\")"
_TRUTH = "(?:true|false)"
_END = r"(?=- |\Z)"


def _entries(named: str, indent: int = 4) -> str:
    """Entries with that indentation but for those that are named, each with a text or what is below it."""
    margin = " " * indent
    pair = rf"[A-Za-z0-9][A-Za-z0-9_./-]*+: {_TEXT}\n"
    mapping = rf"(?:{margin}  {pair})++"
    listed = rf"(?:{margin}- {pair}(?:{margin}  {pair})*+)++|(?:{margin}- {_TEXT}\n)++"
    # Labels that are no mapping are a gap.
    odd = rf"labels:(?: |\n{margin}-)"
    return rf"(?:{margin}(?!(?:{named}):|{odd})[A-Za-z]++:(?: {_TEXT}\n|\n(?:{mapping}|{listed})?+))*+"


def _target(margin: str) -> str:
    """A targetRef that is a pod."""
    return (
        rf"(?:{margin}targetRef:\n{margin}  kind: Pod\n{margin}  name: (?P<pod>{_NAME})\n"
        rf"{margin}  namespace: (?P<pods_namespace>{_NAMESPACE})\n(?:{margin}  (?:resourceVersion|uid): {_TEXT}\n)*+)?"
    )


def _anonymous(pattern: str) -> str:
    """A pattern without its names, to stand in a longer one."""
    return re.sub(r"\(\?P<\w+>", "(?:", pattern)


_OTHER = _entries("name|namespace")
_METADATA = rf"{_OTHER}    name: (?P<name>{_NAME})\n{_OTHER}    namespace: (?P<namespace>{_NAMESPACE})\n{_OTHER}"
ADDRESS = rf"    - ip: (?P<ip>{_IPV4})\n(?P<ready>)(?:      nodeName: (?P<node>{_NAME})\n)?{_target(6 * ' ')}"
"""An address of Endpoints: the address itself, its node, and its pod."""

ENDPOINT = (
    rf"  - addresses:\n    - (?P<ip>{_IPV4})\n    conditions:\n      ready: (?P<ready>{_TRUTH})\n"
    rf"(?:      serving: {_TRUTH}\n)?(?:      terminating: false\n)?"
    rf"(?:    nodeName: (?P<node>{_NAME})\n)?{_target(4 * ' ')}(?:    zone: {_TEXT}\n)?"
)
"""An endpoint of an EndpointSlice that has one address, and does not end."""

_FIELD = rf"[A-Za-z]++: {_TEXT}\n"
ENDPOINTS = (
    rf"- apiVersion: v1\n  kind: Endpoints\n  metadata:\n{_METADATA}  subsets:\n  - addresses:\n"
    rf"(?P<entries>(?:{_anonymous(ADDRESS)})++)(?:    ports:\n(?P<ports>    - {_FIELD}(?:    (?:- |  ){_FIELD})*+))?{_END}"
)
"""Endpoints with one subset, whose addresses are all ready."""

_LABEL = "kubernetes.io/service-name"
_LABELS = rf"(?:      (?!{_LABEL}:)[A-Za-z0-9][A-Za-z0-9_./-]*+: {_TEXT}\n)*+"
_NOT_LABELS = _entries("labels|name|namespace")
ENDPOINT_SLICE = (
    rf"- addressType: IPv4\n  apiVersion: discovery\.k8s\.io/v1\n  endpoints:\n"
    rf"(?P<entries>(?:{_anonymous(ENDPOINT)})++)  kind: EndpointSlice\n  metadata:\n{_NOT_LABELS}"
    rf"    labels:\n{_LABELS}      {_LABEL}: (?P<name>{_NAME})\n{_LABELS}"
    rf"{_NOT_LABELS}    name: (?P<object>{_NAME})\n{_NOT_LABELS}"
    rf"    namespace: (?P<namespace>{_NAMESPACE})\n{_NOT_LABELS}"
    rf"(?:  ports:\n(?P<ports>  - {_FIELD}(?:  (?:- |  ){_FIELD})*+))?{_END}"
)
"""An EndpointSlice whose endpoints have one IPv4 address each."""

_NO_ADDRESS = _entries("clusterIP|clusterIPs|ports|selector|type")
_PORT = rf"(?:port: [1-9][0-9]{{0,4}}|(?!port:)[A-Za-z]++: {_TEXT})\n"
_MAPPING = rf"(?:      [A-Za-z0-9][A-Za-z0-9_./-]*+: {_TEXT}\n)++"
SERVICE = (
    rf"- apiVersion: v1\n  kind: Service\n  metadata:\n{_METADATA}  spec:\n{_NO_ADDRESS}"
    rf"    clusterIP: (?:(?P<ip>{_IPV4})\n    clusterIPs:\n    - (?P=ip)\n|None\n    clusterIPs:\n    - None\n){_NO_ADDRESS}"
    rf"(?:    ports:\n(?:    - {_PORT}(?:      {_PORT})*+)++)?{_NO_ADDRESS}"
    rf"(?:    selector:\n{_MAPPING})?{_NO_ADDRESS}(?:    type: {_NAME}\n|    type: [A-Z][A-Za-z]++\n)?{_NO_ADDRESS}"
    rf"(?:  status:\n    loadBalancer: \{{\}}\n)?{_END}"
)
"""A Service that has one IPv4 address, or none at all (headless)."""

_WHERE = r"        node: (?P=node)\n"
IPAM_BLOCK = (
    rf"- apiVersion: crd\.projectcalico\.org/v1\n  kind: IPAMBlock\n  metadata:\n{_entries('', 4)}  spec:\n"
    rf"    affinity: (?P<affinity>host:(?P<node>{_NAME}))\n(?:    affinityClaimTime: {_TEXT}\n)?"
    rf"    allocations:\n(?P<allocations>(?:    - (?:null|0|[1-9][0-9]{{0,4}})\n)++)"
    rf"(?P<attributes>    attributes:\n(?:    - handle_id: {_TEXT}\n      secondary:\n(?:        namespace: {_TEXT}\n)?{_WHERE}"
    rf"(?:        (?:pod|timestamp|type): {_TEXT}\n)*+)++)?"
    rf"    cidr: (?P<cidr>{_IPV4}/[0-9]{{2}})\n(?:    deleted: (?P<deleted>{_TRUTH})\n)?"
    rf"{_entries('affinity|allocations|attributes|cidr|deleted')}{_END}"
)
"""An IPAMBlock whose addresses are all used on the node that owns it."""
