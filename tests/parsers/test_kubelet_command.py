"""A kubelet's arguments (kubelet's reference: --cluster-dns, --cluster-domain), as ps, systemd and MicroK8s show them."""

from __future__ import annotations

import pytest

from calico_bundle.parsers.kubelet_command import parse, recognizes

PS = (
    "USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n"
    "root           1  0.0  0.1 167744 11008 ?        Ss   10:00   0:03 /sbin/init\n"
    "root         812  2.1  1.2 1890000 98000 ?       Ssl  10:00   9:03 /usr/bin/kubelet --config=/var/lib/kubelet/config.yaml "
    "--cluster-dns=10.96.0.10,fd00::a --cluster-domain=cluster.local --node-ip=10.0.1.11\n"
)
DROP_IN = (
    '[Service]\nEnvironment="KUBELET_DNS_ARGS=--cluster-dns=10.96.0.10,fd00::a --cluster-domain=cluster.local"\n'
    "ExecStart=/usr/bin/kubelet $KUBELET_DNS_ARGS\n"
)
STATUS = (
    "● kubelet.service - kubelet: The Kubernetes Node Agent\n     CGroup: /system.slice/kubelet.service\n"
    "             └─812 /usr/bin/kubelet --cluster-dns=10.96.0.10,fd00::a --cluster-domain=cluster.local\n"
)
ARGUMENTS = "--kubeconfig=${SNAP_DATA}/credentials/kubelet.config\n--cluster-dns=10.96.0.10,fd00::a\n"


@pytest.mark.parametrize("text, line", [(PS, 3), (DROP_IN, 2), (STATUS, 3), (ARGUMENTS, 2)])
def test_the_addresses_with_their_line(text, line):
    assert recognizes(text)
    (fact,) = parse(text, "a").facts
    assert ([str(ip) for ip in fact.cluster_dns], fact.evidence.line) == (["10.96.0.10", "fd00::a"], line)
    assert fact.domain == (None if text == ARGUMENTS else "cluster.local")


@pytest.mark.parametrize(
    "line",
    [
        'I1122 23:00:00.000000 812 flags.go:64] FLAG: --cluster-dns="[]"',
        "I1122 23:00:00.000000 812 flags.go:64] FLAG: --cluster-dns=10.96.0.10",
        "Flag --cluster-dns has been deprecated, This parameter should be set via the config file",
        "#KUBELET_EXTRA_ARGS=--cluster-dns=10.96.0.10",
        "/usr/bin/kubelet --cluster-dns=***HIDDEN***",
        "/usr/bin/kubelet --cluster-dns=10.96.0.x",
        "/usr/bin/kubelet --cluster-dns=999.1.1.1",
        "/usr/bin/kubelet --cluster-dns=10.96.0.10,***",
    ],
)
def test_what_tells_no_address_gives_none(line):
    assert not recognizes(f"kubelet\n{line}\n")
    assert parse(f"kubelet\n{line}\n", "a").facts == ()


def test_two_values_in_one_text_are_a_gap():
    parsed = parse(PS + PS.replace("10.96.0.10", "10.96.0.99"), "a")
    assert (parsed.facts, len(parsed.gaps)) == ((), 1)
