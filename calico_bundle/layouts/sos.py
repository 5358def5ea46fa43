"""sos: one report per machine, `sosreport-HOST-DATE-RANDOM/`, and collections of them; old and new file names.

Written from its source (sosreport/sos 5c7e63e, plugins networking, kubernetes, host) and a real report of 2021. A file
is named for its command. The host's own outputs lie in `sos_commands/networking/`; those of other network namespaces
below `namespaces/`, or beside them with `ip_netns_exec_` in their name. What `kubectl` printed is about the cluster.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from calico_bundle.layouts import Layout, Placement
from calico_bundle.layouts.file_names import left_aside, read_name
from calico_bundle.layouts.pod_paths import pod_of
from calico_bundle.layouts.sos_paths import report_roots

_HOSTNAMES = frozenset({"hostname", "etc/hostname", "sos_commands/host/hostname", "sos_commands/host/hostname_-f"})
_COPIES = frozenset({"ip_addr", "ip_route", "netstat", "ifconfig", "route"})
"""Links at the top to outputs in `sos_commands/`; where links were packed as files, these are read there and not twice."""

_OWN_FOLDERS = frozenset({
    "sos_commands", "sos_logs", "sos_reports", "sos_strings", "sos_extras", "boot", "dev", "etc", "home", "host",
    "lib", "lib64", "mnt", "opt", "proc", "root", "run", "srv", "sys", "tmp", "usr", "var",
})  # fmt: skip
"""What a report has at its top: its own folders, and copies of files at the place they have on the machine (sos/archive.py)."""
_OWN_FILES = frozenset({
    "chkconfig", "date", "df", "dmidecode", "environment", "free", "hostname", "installed-debs", "installed-rpms",
    "java", "last", "lsmod", "lsof", "lspci", "mount", "netstat", "ps", "pstree", "root-symlinks", "route",
    "uname", "uptime", "version.txt", "vgdisplay",
})  # fmt: skip

_POD_LOG = re.compile(r"cluster-info/(?P<ns>[^/]+)/podlogs/(?P<pod>[^/]+)/.*_-c_(?P<container>[^/]+)$")
_KUBECTL = frozenset({"kubernetes", "openshift", "origin"})
_LOG_FOLDERS = ("var/log/pods/", "var/log/containers/")


def roots(paths: Sequence[str]) -> tuple[str, ...]:
    """The folders that hold `sos_commands/`."""
    return report_roots(paths, altered=False)


def place(path: str, _nodes: Sequence[str]) -> Placement | None:
    """Place one path below a root.

    >>> place("sos_commands/networking/ip_-6_route_show_table_all", []).family
    6
    >>> place("sos_commands/networking/ip_netns_exec_blue_ip_address_show", []).skip
    "another network namespace, not the node's own"
    >>> place("nodes/node-1/ip-addr.txt", []) is None
    True
    """
    if path in _HOSTNAMES:
        return Placement(kind="hostname", group=".")
    if path in _COPIES:
        return Placement(skip="a link to the output in sos_commands/, which is read there")
    if path.startswith("etc/kubernetes/manifests/"):
        return Placement(skip="what the kubelet is told to run, and no object of the cluster")
    if path.startswith(_LOG_FOLDERS):
        *folders, name = path.split("/")
        pod = pod_of(folders, name)
        return Placement(namespace=pod.namespace, pod=pod.pod, container=pod.container, group=".")
    if path.startswith("sos_commands/"):
        return _output(path.split("/")[1:])
    top, below, _ = path.partition("/")
    return Placement(group=".") if not path or top in (_OWN_FOLDERS if below else _OWN_FILES) else None


def _output(parts: Sequence[str]) -> Placement:
    plugin, name = parts[0], parts[-1]
    if plugin in _KUBECTL:
        found = _POD_LOG.search("/".join(parts))
        return (
            Placement(namespace=found["ns"], pod=found["pod"], container=found["container"]) if found else Placement()
        )
    if "ip_netns_exec_" in name or "namespaces" in parts[:-1]:
        return Placement(skip="another network namespace, not the node's own")
    if aside := left_aside(name):
        return Placement(skip=aside)
    hint = read_name(name)
    return Placement(kind=hint.kind, table=hint.table, family=hint.family, group=".")


_PARTS = ("sos_commands/", "sos_logs/", "sos_reports/")
LAYOUT = Layout("sos", "sos report", roots, place, rank=25, parts=_PARTS)
