"""Quotes: what is blanked, cleaned and cut, however quickly that was seen."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from calico_bundle.evidence import LONGEST_QUOTE, LineGaps, quote

WORDS = ["password: x", "API-KEY=1", "token", "secret", "Authorization : Bearer y", "-----BEGIN RSA PRIVATE KEY-----"]
LINES = st.lists(
    st.text(max_size=9) | st.sampled_from([*WORDS, "\t", "  ", "\x1b[1m", "\u017fecret=1", "a" * 390])
).map("".join)


@given(LINES)
@example(" " * LONGEST_QUOTE + "a")
def test_a_line_that_is_seen_to_be_plain_is_quoted_like_any_other(line: str) -> None:
    # A bell is cleaned away, and no line with one is plain.
    assert quote(line) == quote("\x07" + line)


@pytest.mark.parametrize(
    "line",
    [
        "client-key-data: {}",
        'curl -H "Authorization: Bearer {}" https://10.0.0.1',
        "kubelet --bootstrap-token {} --v=2",
        "AWS_SECRET_ACCESS_KEY={}",
        "dbPassword = '{}'",
        "etcd https://root:{}@10.0.0.1:2379",
        "tls.key: {}",
        "-----BEGIN EC PRIVATE KEY----- {}",
        "msg=denied bearer {}",
        # Quoted once more, as JSON is in an annotation.
        r"{{\"password\":\"{}\"}}",
        # Name and value of an environment variable, in JSON and in YAML on one line.
        '{{"name":"DB_PASSWORD","value":"{}"}}',
        r"{{\"name\": \"DB_PASSWORD\", \"value\": \"{}\"}}",
        "- {{name: DB_PASSWORD, value: {}}}",
        '"env":[{{"name":"X","value":"{}"}}]',
        '"args":["--quiet","{}"]',
        '{{"kubectl.kubernetes.io/last-applied-configuration":"... {}"}}',
        # Other words for it.
        "passphrase: {}",
        "pass: {}",
        "DB_PASS={}",
        "MYSQL_PWD={}",
        "user=admin pwd={}",
        "PSK={}",
        "PresharedKey = {}",
        "preshared-key: {}",
        "private key: {}",
        "api key: {}",
        "cookie: {}",
        "sessionid={}",
        "kubectl create secret generic x --from-literal=pw={}",
        # Words without a sign between them; BIRD's own syntax for BGP.
        "the password is {}",
        'password "{}";',
        "login with password {}",
        "wireguard private_key {}",
        "clientSecret {}",
        "token {}",
        # Commands.
        "curl -u admin:{} https://10.0.0.1",
        "etcdctl --user root:{} get /",
        "sshpass -p {} ssh root@10.0.0.1",
        "mysql -u root -p{}",
        "htpasswd -b users me {}",
        "redis://:{}@10.0.0.1",
    ],
)
def test_secret_is_not_quoted(line: str):
    assert "hunter2" not in quote(line.format("hunter2-hunter2"))


def test_key_without_its_name_is_not_quoted():
    key = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
    short = "abcd1234MIIEvQIBADANBg=="
    assert quote(short) == "<secret>"
    for of_a_service in (
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "AKIAABCDEFGHIJKLMNOP",
        "glpat-abcdefghij0123456789",
    ):
        assert quote(f"  {of_a_service}") == "<secret>"
    token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"  # noqa: S105 - made up
    assert quote(key) == quote(f"  {key}==") == quote(token) == "<secret>"


def test_what_only_looks_like_a_secret_is_quoted():
    digest = f"sha256:{'0123456789abcdef' * 4}"
    path = "/var/lib/kubelet/plugins/kubernetes.io/csi/volumeDevices/publish/pvc0123456789"
    for line in (f"image: calico/node@{digest}", f"containerID: {digest}", f"mounted {path}"):
        assert quote(line) == line


@pytest.mark.parametrize(
    "line",
    [
        # What proves a verdict, beside words that a secret may follow.
        "projectcalico.org/IPv4Address: 10.0.1.12/24",
        '"projectcalico.org/IPv4Address": "10.0.1.12/24",',
        "external-secrets   secret-operator-7c9d-x2x4z   1/1   Running   0   1d   10.244.1.5   worker-1   <none>",
        "vault   token   ClusterIP   10.96.0.12   <none>   53/UDP   1d   k8s-app=kube-dns",
        '"name": "secret-operator-7c9d-x2x4z",',
        "- name: secret-operator-7c9d-x2x4z",
        "name: IP_AUTODETECTION_METHOD",
        "value: can-reach=10.0.1.1",
        '"args": [',
        "env:",
        "10.244.1.5 dev cali12345678901 scope link",
        "10.0.0.0/8 via 10.0.1.1 dev pass0 proto static",
        "secrets is forbidden",
        "error: token has expired",
        'address: "***TOKEN_IP_1A2B***"',
        "Mounts: /var/run/secrets/kubernetes.io/serviceaccount",
    ],
)
def test_line_that_proves_something_stays_readable(line: str):
    assert quote(line) == line


def test_last_line_of_a_key_is_not_quoted():
    """It may be short and without padding: only the lines before it tell what it is."""
    gaps = LineGaps("n1/ip-route.txt")
    key = ["-----BEGIN RSA PRIVATE KEY-----", "DEK-Info: AES-128-CBC,00", "", "MIIEowIBAAKCAQEA", "abcd1234hunter2"]
    for number, line in enumerate([*key, "-----END RSA PRIVATE KEY-----", "words after"], start=1):
        gaps.add(number, line)
    told = [gap.message.removeprefix("line not understood: ") for gap in gaps.result()]
    assert told[3:] == ["<secret>", "<secret>", "-----END RSA PRIVATE KEY-----", "words after"]


@given(st.text(alphabet="-=: eyJ./@AZaz09+tokensecret", max_size=300))
def test_quoting_a_quote_hides_no_less(line: str):
    assert quote(quote(line)) == quote(line) or len(quote(line)) == LONGEST_QUOTE


def test_reason_of_a_gap_is_as_clean_as_its_quote():
    """A reason names a word of the line, and that word may be a secret or move the cursor."""
    gaps = LineGaps("n1/ip-rule.txt")
    gaps.add(2, "from all looku\x1b[2Jp", why="word looku\x1b[2Jp\x07 not understood")
    gaps.add(3, "", why="word token=hunter2 not understood")
    assert [gap.message for gap in gaps.result()] == [
        "word lookup not understood: from all lookup",
        "word token=<secret>",
    ]
