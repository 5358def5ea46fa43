"""SUSE supportconfig: an archive per machine; `network.txt` has the outputs of `ip`, one behind the other."""

import re

from tests.layouts.rendered import Bundles, Files, Recorded, Rendering
from tests.layouts.rendered_texts import addr_of_family, link_statistics, neighbor_statistics, routes_of_table

_BANNERS = {
    "Command": "======================================",
    "Configuration File": "===========================",
    "Verification": "=================================",
    "Note": "=========================================",
}


def write(recorded: Recorded) -> Bundles:
    """`scc_HOST_YYMMDD_HHMM.txz`."""
    return {
        f"scc_{node}_261122_2329.txz": of_node(recorded, node, f"scc_{node}_261122_2329/") for node in recorded.nodes
    }


def of_node(recorded: Recorded, node: str, root: str) -> Files:
    texts = {
        "basic-environment.txt": HEADER
        + command("/bin/date", "Sun Nov 22 23:29:08 UTC 2026\n")
        + command("/usr/bin/uname -a", f"Linux {node} 5.14.21-default #1 SMP x86_64 GNU/Linux\n"),
        "network.txt": HEADER + network(recorded, node),
        "network-cni-ff305cc29f.txt": HEADER + section("Network namespace cni-ff305cc29f", "") + in_a_pod(),
        "env.txt": HEADER + command("/usr/bin/env", "SHELL=/bin/bash\n"),
        "summary.xml": "<summary/>\n",
    }
    return {root + name: text.encode() for name, text in texts.items()}


def network(recorded: Recorded, node: str) -> str:
    """The order of net_info_namespace."""
    addresses, routes = recorded.output(node, "ip-addr"), recorded.output(node, "ip-route")
    own = re.findall(r"(?m)^    inet ([0-9.]+)/", addresses)
    parts = [
        section("Verification", "# rpm -V wicked-0.6.73-1.x86_64\nNo changes detected\n"),
        command("/usr/bin/systemctl status network.service", "* wicked.service - wicked managed network interfaces\n"),
        command("/sbin/ip netns list", "cni-ff305cc29f (id: 0)\n"),
        command("/sbin/ip addr", addresses),
        command("/sbin/ip route", routes_of_table(routes, "main", 4)),
        command("/sbin/ip -6 route", routes_of_table(routes, "main", 6)),
        command("/sbin/ip -stats link", link_statistics(recorded.output(node, "ip-link"))),
        command("/sbin/ip -stats neighbor", neighbor_statistics(recorded.output(node, "ip-neigh"))),
        section("Configuration File", "# /proc/sys/net/ipv4/ip_forward\n1\n"),
        section("Configuration File", "# /etc/HOSTNAME - File not found\n"),
        command("/bin/hostname", f"{node}\n"),
        *(command(f"/bin/ping -n -c1 -W1 {ip}", f"PING {ip} ({ip}) 56(84) bytes of data.\n") for ip in own),
        *(command(f"/sbin/ip route show table {name}", routes_of_table(routes, name, 4)) for name in ("local", "main")),
        command("/sbin/ip route show table default", "Error: ipv4: FIB table does not exist.\nDump terminated\n"),
        command("/sbin/ip route show table cache", ""),
        command("/sbin/ip rule show", recorded.output(node, "ip-rule")),
        command("/usr/sbin/ss -nap", "Netid State  Recv-Q Send-Q\n"),
        command("ipvsadm -Ln", "ERROR: Command not found or not executable\n"),
        section("Note", "# iptables\n# NOTE: The iptable_raw module is not loaded, skipping check\n"),
        command("/usr/sbin/iptables-save -t nat", recorded.output(node, "iptables-nft-save")),
    ]
    return "".join(parts)


def in_a_pod() -> str:
    text = addr_of_family(
        "1: lo: <LOOPBACK,UP> mtu 65536 qdisc noqueue state UNKNOWN group default\n"
        "    inet 127.0.0.1/8 scope host lo\n       valid_lft forever preferred_lft forever\n",
        4,
    )
    return command("/sbin/ip netns exec cni-ff305cc29f ip addr", text)


def section(what: str, text: str) -> str:
    return f"#==[ {what} ]{_BANNERS.get(what, '======================')}#\n{text}\n"


def command(line: str, printed: str) -> str:
    """log_cmd: the heading, the command with its folder, its output, an empty line."""
    return section("Command", f"# {line}\n{printed}")


HEADER = """=============================================================================
                     Support Utilities - Supportconfig
                          Script Version: 3.1.11-46.4
                            Script Date: 2022 12 15
=============================================================================

"""

RENDERING = Rendering(
    "supportconfig",
    "SUSE supportconfig",
    "openSUSE/supportutils 001ba3f",
    write,
    status="inconclusive",
    lacks=("nodes (kubectl get nodes", "pods (kubectl get pods", "services (kubectl get services"),
)
