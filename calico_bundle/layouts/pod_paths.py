"""Whose log is it: namespace, pod and container from the paths in which kubelets and people keep pod logs.

Shared by the layouts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from calico_bundle.layouts.file_names import stem

# Generated names end in five characters of this alphabet (k8s.io/apimachinery util/rand: no vowels, no 0, 1 or 3).
_GENERATED = "[bcdfghjklmnpqrstvwxz2456789]{5}"
_POD = re.compile(rf"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?-{_GENERATED}")
_LABEL = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
# kubelet: /var/log/pods/NAMESPACE_POD_UID/CONTAINER/0.log
_POD_FOLDER = re.compile(rf"({_LABEL})_([a-z0-9.-]+)_[0-9a-f][0-9a-f-]{{7,}}")
# kubelet: /var/log/containers/POD_NAMESPACE_CONTAINER-ID.log
_CONTAINER_FILE = re.compile(rf"([a-z0-9.-]+)_({_LABEL})_({_LABEL})-[0-9a-f]{{64}}")
# Docker, of the containers that a kubelet made: k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT
_DOCKER_NAME = re.compile(rf"k8s_({_LABEL})_([a-z0-9.-]+)_({_LABEL})_[0-9a-f-]{{8,}}_\d+")
_JOINED = re.compile(rf"({_LABEL})_({_POD.pattern})(?:_({_LABEL}))?")


@dataclass(frozen=True, slots=True)
class PodPath:
    """The pod that a path names; None where it does not say."""

    namespace: str | None = None
    pod: str | None = None
    container: str | None = None


def is_pod_name(text: str) -> bool:
    """Whether a name looks generated for a pod of a DaemonSet or a Deployment.

    >>> is_pod_name("calico-node-x7k2p"), is_pod_name("worker-1")
    (True, False)
    """
    return bool(_POD.fullmatch(text))


def pod_of(folders: Sequence[str], name: str) -> PodPath:
    """The pod whose log a path is, as far as the path says.

    >>> pod_of(["pods", "kube-system_coredns-0_8f14e45f-ceea", "coredns"], "0.log")
    PodPath(namespace='kube-system', pod='coredns-0', container='coredns')
    >>> pod_of([], "calico-system_calico-node-x7k2p_calico-node.log").pod
    'calico-node-x7k2p'
    >>> pod_of([], "k8s_calico-node_canal-x7k2p_kube-system_8f14e45f-ceea_0").namespace
    'kube-system'
    """
    text = re.sub(r"[-.]previous$", "", stem(name))
    for pattern, order in ((_CONTAINER_FILE, (2, 1, 3)), (_DOCKER_NAME, (3, 2, 1)), (_JOINED, (1, 2, 3))):
        if found := pattern.fullmatch(text):
            return PodPath(found[order[0]], found[order[1]], found[order[2]])
    for depth, folder in enumerate(reversed(folders[-2:])):
        if found := _POD_FOLDER.fullmatch(folder):
            return PodPath(found[1], found[2], folders[-1] if depth else None)
    if is_pod_name(text):
        return PodPath(pod=text)
    if folders and is_pod_name(folders[-1]):
        return PodPath(folders[-2] if len(folders) > 1 else None, folders[-1], text)
    return PodPath()
