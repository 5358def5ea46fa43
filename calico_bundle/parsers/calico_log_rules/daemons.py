"""What BIRD, confd and Felix say about peers, sessions, next hops and the addresses of nodes."""

from __future__ import annotations

from calico_bundle.parsers.calico_log_rules.rule import ADDRESS, PROTOCOL, Rule

_PROTO_C = "bird: nest/proto.c"
_BGP_C = "bird: proto/bgp/bgp.c"
_PACKETS_C = "bird: proto/bgp/packets.c"
_ATTRS_C = "bird: proto/bgp/attrs.c"
_TABLE_C = "bird: nest/rt-table.c"
_CONF_C = "bird: conf/conf.c, sysdep/unix/main.c"
_CONFD = "confd/pkg/backends/calico/client.go"
_CONFD_RESOURCE = "confd/pkg/resource/template/resource.go"
_DATAPLANE = "felix/dataplane/linux/int_dataplane.go"
_VXLAN = "felix/dataplane/linux/vxlan_mgr.go, route_mgr.go"
_PEER = rf"(?P<peer>{ADDRESS})(?:%\S+)?"

BIRD = (
    Rule(
        "bird-protocol-initializing",
        PROTOCOL + r"Initializing\b",
        "the protocol is configured: for Mesh_, Node_ and Global_, a peer that should be there",
        _PROTO_C,
        "Mesh_10_0_1_11: Initializing",
    ),
    Rule(
        "bird-protocol-starting",
        PROTOCOL + r"Starting$",
        "BIRD starts the protocol",
        _PROTO_C,
        "Mesh_10_0_1_11: Starting",
    ),
    Rule(
        "bird-protocol-connected",
        PROTOCOL + r"Connected to table (?P<table>\S+)$",
        "the session is established and routes begin to flow",
        _PROTO_C,
        "Mesh_10_0_1_11: Connected to table master",
    ),
    Rule(
        "bird-protocol-state",
        PROTOCOL + r"State changed to (?P<state>\w+)$",
        "BIRD's protocol state; a session that never reaches up was never established",
        _PROTO_C,
        "Mesh_10_0_1_11: State changed to up",
    ),
    Rule(
        "bird-protocol-configured",
        PROTOCOL + r"(?P<action>Reconfigured|Removing|Removed|Reconfiguring|Restarting|Shutting down)$",
        "confd gave BIRD a new configuration for this protocol",
        _PROTO_C,
        "Mesh_10_0_1_11: Reconfigured",
        starts=("Recon", "Remov", "Resta", "Shutt"),
    ),
    Rule(
        "bird-protocol-configured",
        r"(?P<action>Adding|Removing|Reconfiguring|Restarting|Reloading|Enabling|Disabling) protocol "
        r"(?P<protocol>\S+)$",
        "confd gave BIRD a new configuration for this protocol",
        _PROTO_C,
        "Removing protocol Mesh_10_0_1_11",
        starts=("Adding", "Remov", "Recon", "Resta", "Reloa", "Enabl", "Disab"),
    ),
    Rule(
        "bird-started",
        r"Started$",
        "BIRD read its configuration and runs",
        _CONF_C,
        "Started",
    ),
    Rule(
        "bird-graceful-restart",
        r"Graceful restart (?P<phase>started|done)$",
        "while it lasts BIRD holds back every route until all peers answered, or 240 seconds",
        _PROTO_C,
        "Graceful restart started",
        starts=("Grace",),
    ),
    Rule(
        "bird-reconfigured",
        r"(?P<phase>Reconfiguration requested by SIGHUP|Reconfiguring|Reconfigured)$",
        "BIRD took a changed configuration",
        _CONF_C,
        "Reconfiguration requested by SIGHUP",
        starts=("Recon",),
    ),
    Rule(
        "bird-connecting",
        PROTOCOL + rf"Connecting to {_PEER} from local address (?P<address>{ADDRESS})",
        "this node dials, and with which source address",
        _BGP_C,
        "Mesh_10_0_1_11: Connecting to 10.0.1.11 from local address 192.168.50.12",
    ),
    Rule(
        "bird-session-event",
        PROTOCOL + r"(?P<what>Connected|Connection closed|BGP session established|BGP session closed|Hold timer expired"
        r"|Started|Down|Shutdown requested)$",
        "an event of the session (debug events: on by default from v3.33)",
        _BGP_C,
        "Mesh_10_0_1_11: BGP session established",
        starts=("Connected", "Connection", "BGP session", "Hold timer", "Started", "Down", "Shutdown"),
    ),
    Rule(
        "bird-session-event",
        PROTOCOL + r"(?P<what>Neighbor graceful restart) (?P<phase>detected|done|timeout)$",
        "the peer restarts: its routes are kept as stale",
        _BGP_C,
        "Mesh_10_0_1_11: Neighbor graceful restart detected",
        starts=("Neigh",),
    ),
    Rule(
        "bird-connection-lost",
        PROTOCOL + r"Connection lost \((?P<error>[^)]*)\)$",
        "TCP gave up on the session",
        _BGP_C,
        "Mesh_10_0_1_11: Connection lost (No route to host)",
    ),
    Rule(
        "bird-connect-delayed",
        PROTOCOL + r"(?P<what>Connect|Startup) delayed by (?P<seconds>\d+) seconds(?: due to (?P<reason>errors))?$",
        "BIRD waits before it dials, or dials again",
        _BGP_C,
        "Mesh_10_0_1_11: Startup delayed by 5 seconds due to errors",
        starts=("Connect delayed", "Startup delayed"),
        varies=("seconds",),
    ),
    Rule(
        "bird-incoming-connection",
        PROTOCOL + rf"Incoming connection from {_PEER} \(port (?P<port>\d+)\) (?P<action>accepted|rejected)",
        "the peer dialed this node",
        _BGP_C,
        "Mesh_10_0_1_11: Incoming connection from 10.0.1.11 (port 43210) accepted",
        varies=("port",),
    ),
    Rule(
        "bird-unknown-peer",
        rf"BGP: Unexpected connect from unknown address (?P<address>{ADDRESS})(?:%\S+)?(?: \(port (?P<port>\d+)\))?$",
        "somebody dialed from an address that no configured peer has: a changed address, or NAT on the way",
        _BGP_C,
        "BGP: Unexpected connect from unknown address 192.168.50.12 (port 40625)",
        starts=("Unexpected",),
        about=("address",),
        varies=("port",),
    ),
    Rule(
        "bird-socket-error",
        PROTOCOL + r"Socket error: (?:(?P<operation>[A-Za-z_ ]+): )?(?P<error>.*)$",
        "bind: the source address is on no interface of this node",
        "bird: sysdep/unix/io.c",
        "Mesh_10_0_1_11: Socket error: bind: Cannot assign requested address",
    ),
    Rule(
        "bird-session-error",
        PROTOCOL + r"Error: (?P<error>.*)$",
        "this node ended the session",
        _PACKETS_C,
        "Mesh_10_0_1_11: Error: Hold timer expired",
    ),
    Rule(
        "bird-session-refused",
        PROTOCOL + r"Received: (?P<reason>.*)$",
        "the peer ended the session, with this reason",
        _PACKETS_C,
        "Mesh_10_0_1_11: Received: Bad peer AS: 64513",
    ),
    Rule(
        "bird-next-hop-local",
        rf"Next hop address (?P<address>{ADDRESS}) is a local address of iface (?P<interface>\S+)$",
        "a route's next hop is this node itself: the route is unreachable",
        _TABLE_C,
        "Next hop address 10.0.2.15 is a local address of iface eth0",
        about=("address",),
    ),
    Rule(
        "bird-next-hop-recursive",
        rf"Next hop address (?P<address>{ADDRESS}) resolvable through recursive route for (?P<network>\S+)$",
        "a route's next hop lies inside a learned route: the route is unreachable",
        _TABLE_C,
        "Next hop address 10.255.108.128 resolvable through recursive route for 10.255.108.128/26",
        about=("address",),
    ),
    Rule(
        "bird-next-hop-invalid",
        PROTOCOL + r"Invalid NEXT_HOP attribute in route (?P<network>\S+)$",
        "the peer announced a route whose next hop is this node's own address, or none",
        _ATTRS_C,
        "Mesh_10_0_1_11: Invalid NEXT_HOP attribute in route 10.244.1.0/26",
        starts=("Inval",),
        about=("protocol", "network"),
    ),
)

CONFD = (
    Rule(
        "bgp-peerings-recomputed",
        r"Recompute BGP peerings: (?P<reasons>(?:HostBGPConfig\(node=(?P<node>[^;)]*); name=(?P<name>[^;)]*)\))?.*)$",
        "a node's address, network or route reflector id changed; node and name are the first reason",
        _CONFD,
        "Recompute BGP peerings: HostBGPConfig(node=worker-2; name=ip_addr_v4) updated",
        about=("node", "name"),
    ),
    Rule(
        "bird-config-updated",
        r"Target config (?P<target>\S+) has been updated(?: due to change in key: (?P<key>\S+))?$",
        "confd wrote BIRD's configuration anew",
        _CONFD_RESOURCE,
        "Target config /etc/calico/confd/config/bird.cfg has been updated due to change in key: /calico/bgp/v1/host",
        about=("target",),
    ),
    Rule(
        "ipip-programmed-by-bird",
        r"BIRD is configured to program the cluster routes for one or more IPIP IP Pools\.",
        "BIRD, and so BGP, is needed for IPIP routes on this node",
        _CONFD,
        "BIRD is configured to program the cluster routes for one or more IPIP IP Pools.",
    ),
)

FELIX = (
    Rule(
        "felix-hosts-refreshed",
        r"All-hosts IP set out-of sync, refreshing it\.$",
        "the set of node addresses that may send tunneled packets changed",
        "felix/dataplane/linux/ipip_mgr.go, vxlan_mgr.go",
        "All-hosts IP set out-of sync, refreshing it.",
    ),
    Rule(
        "felix-host-metadata",
        r"Received \*proto\.HostMetadata(?:V4V6|V6)?Update update from calculation graph\.? msg="
        r'hostname:"(?P<node>[^"]*)"(?:\s+ipv4_addr:"(?P<address>[^"]*)")?(?:\s+ipv6_addr:"(?P<address6>[^"]*)")?',
        "the address this node believes another node (or itself) to have",
        _DATAPLANE,
        'Received *proto.HostMetadataV4V6Update update from calculation graph msg=hostname:"worker-2" '
        'ipv4_addr:"10.116.0.3/20" labels:{key:"a" value:"b"}',
        starts=("Recei",),
        about=("node",),
    ),
    Rule(
        "felix-interface-addresses",
        r'Linux interface addrs changed\. addrs=(?P<addresses>.*) ifaceName="(?P<interface>(?!cali)[^"]*)"$',
        "the addresses of an interface changed; those of pods (cali*) come and go and are left out",
        _DATAPLANE,
        'Linux interface addrs changed. addrs=set.Set{10.4.0.1} ifaceName="nerdctl0"',
        about=("interface",),
    ),
    Rule(
        "felix-parent-device-missing",
        r"Failed to find (?:VXLAN tunnel device parent|parent device)\b"
        r"(?:.*?\berror=(?P<error>.*?(?:with address (?P<address>[0-9A-Fa-f:.]*[0-9A-Fa-f]).*?)?)(?: \w+=.*)?$)?",
        "no interface of this node holds its stored address, so tunnels and routes cannot be set up",
        _VXLAN,
        "Failed to find VXLAN tunnel device parent, retrying... error=Unable to find parent interface with address "
        "192.168.50.12 ipVersion=0x4",
    ),
    Rule(
        "felix-parent-device-changed",
        r'(?i:parent device changed) from "(?P<before>[^"]*)" to "(?P<after>[^"]*)"',
        "the stored address moved to another interface",
        _VXLAN,
        'parent device changed from "eth0" to "eth1"',
        starts=("paren", "Paren"),
    ),
    Rule(
        "felix-tunnel-configured",
        r"(?:VXLAN tunnel|Tunnel) device configured\b",
        "the tunnel device is set up",
        _VXLAN,
        "Tunnel device configured",
        starts=("VXLAN", "Tunne"),
    ),
    Rule(
        "felix-tunnel-failed",
        r"Failed (?:to )?configure (?:VXLAN |IPIP )?tunnel device, retrying\.\.\.(?: error=(?P<error>.*?))?(?: \w+=.*)?$",
        "the tunnel device cannot be made or set up; Felix tries again every second",
        f"{_VXLAN}, ipip_mgr.go",
        "Failed to configure VXLAN tunnel device, retrying... error=failed to create vxlan interface: file exists "
        "ipVersion=0x4",
        starts=("Failed to configure", "Failed configure"),
    ),
    Rule(
        "felix-vni-taken",
        r"Failed to create VXLAN device\. Another device with this VNI may already exist$",
        "the kernel has a device with this VXLAN id, of another plugin or left over",
        _VXLAN,
        "Failed to create VXLAN device. Another device with this VNI may already exist",
    ),
    Rule(
        "felix-vtep-changed",
        r'"(?P<interface>[^"]*)" exists with incompatible configuration: vtep \(external\) IP: (?P<wanted>\S+) vs '
        r"(?P<existing>[^;\s]+); recreating device",
        "the node's address changed: the tunnel's outer source was another one",
        _VXLAN,
        '"vxlan.calico" exists with incompatible configuration: vtep (external) IP: 192.168.50.12 vs 10.0.1.12; '
        "recreating device",
        starts=('"vxla',),
        about=("interface",),
    ),
    Rule(
        "felix-tunnel-recreated",
        r'"(?P<interface>[^"]*)" exists with incompatible configuration: (?!vtep \(external\) IP:)(?P<reason>.*); '
        r"recreating device",
        "the tunnel device differed from the wanted one in something else than the address",
        _VXLAN,
        '"vxlan.calico" exists with incompatible configuration: port: 4789 vs 8472; recreating device',
        starts=('"vxla',),
        about=("interface",),
    ),
    Rule(
        "felix-vtep-missing",
        r'Missing both IPv4 and IPv6 VTEP information for node, cannot send VTEP yet(?:.*?\bnode="(?P<node>[^"]*)")?',
        "a node has no tunnel address yet",
        "felix/calc/vxlan_resolver.go",
        'Missing both IPv4 and IPv6 VTEP information for node, cannot send VTEP yet node="worker-2"',
        about=("node",),
    ),
    Rule(
        "felix-vtep-sent",
        r'Sending VTEP update(?:.*?\bnode="(?P<node>[^"]*)")?',
        "a node's tunnel address is handed to the dataplane",
        "felix/calc/vxlan_resolver.go",
        'Sending VTEP update node="worker-2"',
        about=("node",),
    ),
    Rule(
        "felix-loose-filter-refused",
        r"Kernel's RPF check is set to 'loose'\.",
        "Felix ends: net.ipv4.conf.all.rp_filter is 2, and IgnoreLooseRPF is not set (v3.11 and before)",
        _DATAPLANE,
        "Kernel's RPF check is set to 'loose'.  This would allow endpoints to spoof their IP address.",
    ),
)

# A quoted name, as long as the kernel's names of interfaces can be, and its part after "cali".
_POD_INTERFACE, _POD_NUMBER = len('"cali0123456789a"'), len('0123456789a"')


def is_of_pod(line: str, start: int = 0) -> bool:
    """Whether a line's message, from `start`, is of the addresses of a pod's interface: `felix-interface-addresses` leaves it.

    Only where the name ends the line and is as long as Calico makes it; such a line is told from others without its rule.

    >>> is_of_pod('Linux interface addrs changed. addrs=set.Set{} ifaceName="cali0123456789a"')
    True
    """
    return (
        line[-_POD_INTERFACE:-_POD_NUMBER] == '"cali'
        and line.find('"', -_POD_NUMBER) == len(line) - 1
        and line.startswith("Linux interface addrs changed. addrs=", start)
    )
