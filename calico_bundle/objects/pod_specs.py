"""The spec of a pod, read once for all pods of a workload: they differ in little but their node and a volume's name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from calico_bundle.objects.level_text import is_level, is_orderly, keys_of
from calico_bundle.objects.pod_parts import UNSURE, Body, KnownPart, quick_named_ports, quick_probed, read_part
from calico_bundle.objects.pods import PARTS

END: Final = b"\n  status:\n"
"""The line behind a spec, with the line ends around it."""

_NODE: Final = b"\n    nodeName: "
_AFFINITY: Final = b"values:\n              - "
"""Before the node's name in the spec of a pod of a DaemonSet (nodeAffinity, metadata.name)."""
_TOKEN: Final = b"name: kube-api-access-"
"""Before the five letters that the API server makes up for each pod's token volume."""
_TOKEN_LETTERS: Final = 5
_NODE_MARK, _TOKEN_MARK = b"\1", b"\2"
_PLAIN_NODE: Final = re.compile(rb"[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?")
_MOST_KNOWN: Final = 512
_LONGEST_KNOWN: Final = 65_536
_PARTS: Final = {part.keys[0]: part for part in PARTS if part.section == "spec"}


@dataclass(frozen=True, slots=True)
class Spec:
    """What pods share: their spec with marks for the node and the token, and what is read from it.

    `values` is hostNetwork, dnsPolicy, the name servers, whether a container is probed over the network, the ports that
    have a name, and the service account.
    `node_at` and `token_at` say how far into it their line stands; -1 where there is none.
    """

    text: bytes
    node_at: int
    token_at: int
    node: Any
    values: tuple[Any, ...]
    lines: int


class SpecReader:
    """Reads the specs of one file; keeps those it has read."""

    def __init__(self) -> None:
        self._known: dict[bytes, Spec | None] = {}
        self._by_size: dict[int, Spec] = {}
        self._last = Spec(b"\0", -1, -1, None, (None,) * 6, 0)
        self._parts = {key: KnownPart(part) for key, part in _PARTS.items()}
        self._nodes: dict[bytes, Any] = {}

    def read(self, pod: bytes, begin: int) -> tuple[Spec, Any, int] | None:
        """The spec that begins (with a line end) there, the node in it, and where it ends; None where it is not sure.

        >>> pod = b"\\n    dnsPolicy: Default\\n    nodeName: n1\\n  status:\\n    phase: Running"
        >>> SpecReader().read(pod, 0)[0].values, SpecReader().read(pod, 0)[1:]
        ((False, 'Default', (), False, (), None), ('n1', 40))
        """
        found = self._as(self._last, pod, begin)
        if found:
            return found
        # Those of the same size are most often of the same workload.
        size = self._size(pod, begin)
        last = self._by_size.get(size)
        found = (last and self._as(last, pod, begin)) or self._as_known(pod, begin)
        if found:
            self._last = self._by_size[size] = found[0]
        return found

    def _size(self, pod: bytes, begin: int) -> int:
        """The bytes of a spec without its node's name."""
        node = pod.find(_NODE, begin) + len(_NODE)
        return pod.find(END, node) - begin - pod.find(b"\n", node) + node

    def _as(self, spec: Spec, pod: bytes, begin: int) -> tuple[Spec, Any, int] | None:
        """What `read` gives where the spec is that one but for its node and token."""
        text, node = spec.text, spec.node
        if spec.node_at >= 0:
            at = pod.find(_NODE, begin + spec.node_at) + len(_NODE)
            word = pod[at : pod.find(b"\n", at)]
            node = self._node(word)
            text = text.replace(_NODE_MARK, word)
        if spec.token_at >= 0:
            at = pod.find(_TOKEN, begin + spec.token_at) + len(_TOKEN)
            token = pod[at : at + _TOKEN_LETTERS]
            if not token.isalnum():
                return None
            text = text.replace(_TOKEN_MARK, token)
        if node is UNSURE or not pod.startswith(text, begin) or not pod.startswith(END, begin + len(text)):
            return None
        return spec, node, begin + len(text)

    def _as_known(self, pod: bytes, begin: int) -> tuple[Spec, Any, int] | None:
        """The same, where the spec is any of those read before, or a new one."""
        end = pod.find(END, begin)
        text = pod[begin:end]
        if end < 0 or len(text) > _LONGEST_KNOWN or _NODE_MARK in text or _TOKEN_MARK in text:
            return None
        marked, word = self._marked(text)
        if marked not in self._known:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
                self._by_size.clear()
            self._known[marked] = self._analyzed(text, marked, word)
        spec = self._known[marked]
        if spec is None:
            return None
        return spec, self._node(word) if spec.node_at >= 0 else spec.node, end

    def _marked(self, text: bytes) -> tuple[bytes, bytes]:
        """The spec with marks in place of what differs, and the node's name."""
        at = text.find(_NODE) + len(_NODE)
        node = text[at : text.find(b"\n", at)]
        if at >= len(_NODE) and self._node(node) is not UNSURE:
            for before in (_NODE, _AFFINITY):
                text = text.replace(b"%b%b\n" % (before, node), b"%b%b\n" % (before, _NODE_MARK))
        at = text.find(_TOKEN) + len(_TOKEN)
        token = text[at : at + _TOKEN_LETTERS]
        if at >= len(_TOKEN) and token.isalnum() and len(token) == _TOKEN_LETTERS:
            text = text.replace(b"%b%b\n" % (_TOKEN, token), b"%b%b\n" % (_TOKEN, _TOKEN_MARK))
        return text, node

    def _analyzed(self, text: bytes, marked: bytes, word: bytes) -> Spec | None:
        found = keys_of(text)
        if found is None or not (is_level(text) and is_orderly(text)) or len(set(found[0])) < len(found[0]):
            return None
        bodies: dict[bytes, Body] = dict(zip(*found, strict=True))
        node_at, token_at = marked.find(_NODE + _NODE_MARK), marked.find(_TOKEN + _TOKEN_MARK)
        if node_at >= 0 and bodies.get(b"nodeName") != b" " + word:
            return None
        value = {key: self._value(key, bodies.get(key.encode())) for key in _PARTS}
        if any(one is UNSURE for one in value.values()):
            return None
        node = value.pop("nodeName")
        values = (
            value["hostNetwork"], value["dnsPolicy"], value["dnsConfig"], *value["containers"],
            value["serviceAccountName"],
        )  # fmt: skip
        return Spec(marked, node_at, token_at, node, values, text.count(b"\n"))

    def _value(self, key: str, body: Body) -> Any:
        if key != "containers":
            return self._parts[key][body]
        value = quick_probed(body), quick_named_ports(body)
        return read_part(_PARTS[key], [body]) if UNSURE in value else value

    def _node(self, word: bytes) -> Any:
        """The node of that name; UNSURE where the name is no plain word."""
        if word not in self._nodes:
            plain = _PLAIN_NODE.fullmatch(word)
            if len(self._nodes) >= 16_384:
                self._nodes.clear()
            self._nodes[word] = self._parts["nodeName"][b" " + word] if plain else UNSURE
        return self._nodes[word]
