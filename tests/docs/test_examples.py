"""README.md and docs/: every example is run, and shows what is true; every link leads somewhere.

The commands that install (`sh` blocks of the README) are not run here: they need a package index, and CI runs them as
its own steps. Commands for a customer's cluster run against a stand-in for kubectl.
"""

import os
import re
import subprocess
import sys

import pytest

import calico_bundle as cb
from tools.docs_examples import (
    ROOT,
    DefectError,
    blocks,
    differences,
    fits,
    furnish,
    pages,
    run_commands,
    run_python,
    shorten,
)

INCIDENT = ROOT / "fixtures/incident/bundle/calico-diagnostics-20261122_232908"

# Answers as the recorded cluster would: objects by kind, and the files of the node whose pod is asked.
KUBECTL = """#!/bin/sh
case "$1 $2" in
"get pods") case "$*" in
  *custom-columns*) for log in {incident}/nodes/*/calico-system/*.log; do
    pod=$(basename "$log" .log); node=$(basename $(dirname $(dirname "$log"))); echo "calico-system $pod $node"; done;;
  *) cat {incident}/cluster/kubernetes/pods.yaml;; esac;;
"get "*) cat {incident}/cluster/*/"$2".yaml 2>/dev/null ||
  echo "error: the server doesn't have a resource type \\"$2\\"";;
"exec -n") shift 7; node=$(dirname $(dirname {incident}/nodes/*/calico-system/$POD.log)); case "$*" in
  "ip addr") cat $node/ip-addr.txt;; "ip route show table all") cat $node/ip-route.txt;;
  "ip rule") cat $node/ip-rule.txt;; "ip neigh") cat $node/ip-neigh.txt;;
  *) echo "OCI runtime exec failed: exec failed: executable file not found in \\$PATH: unknown";; esac;;
"logs -n") cat {incident}/nodes/*/calico-system/$4.log;;
esac
"""


@pytest.fixture(params=pages(), ids=lambda path: path.name)
def page(request):
    return request.param


def test_commands_print_what_is_shown(page, tmp_path):
    wrong = list(differences(page, tmp_path))
    assert not wrong, "run `python -m tools.docs`\n" + "\n".join(map(str, wrong))


def test_python_examples_run(page, tmp_path, monkeypatch):
    text = page.read_text(encoding="utf-8")
    environment = furnish(text, tmp_path)
    monkeypatch.setenv("PATH", environment["PATH"])
    monkeypatch.setenv("PYTHONPATH", environment["PYTHONPATH"])
    monkeypatch.chdir(tmp_path)
    run_python(text, page.name)


def test_every_fenced_block_is_of_a_known_language(page):
    text = page.read_text(encoding="utf-8")
    found = blocks(text)
    assert text.count("\n```") == 2 * len(found), "a block without a language, or an open one"
    assert {block.language for block in found} <= {"console", "python", "sh", "text"}


def test_blocks_that_are_not_run_do_not_look_as_if_they_were(page):
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.language == "sh":
            assert not re.search(r"(?m)^\$ ", block.body), f"line {block.line}: `$ ` is for console blocks"
            subprocess.run(["/bin/sh", "-n", "-c", block.body], check=True)
        if block.language == "console":
            assert block.body.startswith("$ "), f"line {block.line}: a console block begins with a command"


# --- links -----------------------------------------------------------------------------------------------------------


def anchors(text):
    without_code = re.sub(r"(?sm)^```.*?^```$", "", text)
    titles = re.findall(r"(?m)^#+ (.+)$", without_code)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def links(text):
    without_code = re.sub(r"(?sm)^```.*?^```$", "", text)
    return re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", without_code))


def test_links_lead_somewhere(page):
    for link in links(page.read_text(encoding="utf-8")):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link}: there is no such file"
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), f"{link}: there is no such heading"


def test_every_page_is_reached_from_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    linked = {link.partition("#")[0] for link in links(readme)}
    for page in pages():
        if page.parent.name == "docs" and page.name != "security.md":
            assert f"docs/{page.name}" in linked


def test_nothing_in_the_pages_is_of_one_machine(page):
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"(?<![\w.])/(?:home|root|tmp|work|Users)/", text)
    assert str(ROOT) not in text


# --- what a customer is asked for ------------------------------------------------------------------------------------


def test_what_the_collecting_script_makes_is_a_bundle_that_decides(tmp_path):
    text = (ROOT / "docs/bundles.md").read_text(encoding="utf-8")
    (script,) = [block.body for block in blocks(text) if block.language == "sh" and "tar -czf" in block.body]
    commands = tmp_path / "bin"
    commands.mkdir()
    (commands / "kubectl").write_text("#!/bin/sh\nPOD=$4\n" + KUBECTL.format(incident=INCIDENT).partition("\n")[2])
    (commands / "kubectl").chmod(0o755)
    environment = os.environ | {"PATH": f"{commands}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(["/bin/sh", "-e", "-c", script], cwd=tmp_path, env=environment, check=True)
    analysis = cb.analyze(tmp_path / "bundle.tar.gz")
    assert analysis.verdict.root_causes == ("CB101",)
    assert analysis.report()["dns"]["paths"]["unknown"] == 0
    # What could not be collected is not taken for data, nor for "none there".
    kinds = {row["path"].rpartition("/")[2]: row["kind"] for row in analysis.tables.rows("artifacts")}
    assert [kinds[name] for name in ("events.yaml", "sysctl.txt", "bird-protocols.txt")] == ["collector-error"] * 3
    assert "sysctls" not in next(analysis.tables.rows("nodes"))["recorded"]


# --- the runner itself -----------------------------------------------------------------------------------------------


def test_a_wrong_output_is_found(tmp_path):
    got = run_commands(["echo one", "false", "echo $?"], tmp_path, dict(os.environ))
    assert got == ["one\n", "", "1\n"]
    assert fits("o...\n", got[0])
    assert not fits("two\n", got[0])
    assert not fits("one\ntwo\n", got[0])


def test_a_wrong_doctest_is_found():
    with pytest.raises(AssertionError, match="Expected"):
        run_python("```python\n>>> 1 + 1\n3\n```\n", "page")


def test_a_defect_is_never_taken_for_output(tmp_path):
    with pytest.raises(DefectError):
        run_commands(["echo 'bundle-analyze: internal error: x'"], tmp_path, dict(os.environ))


def test_shortening_keeps_what_the_rule_names():
    output = "verdict: x\nmore\n\nerror[A]\n1\n2\n3\n = fix\n last\n\nother\n\nend\n"
    shown = shorten(output, "verdict; error[A]: 2 then = fix; end")
    assert shown == "verdict: x\nmore\n\nerror[A]\n1\n...\n = fix\n last\n...\n\nend\n"
    assert fits(shown, output)


def test_python_of_the_examples_is_this_one(tmp_path):
    environment = furnish("", tmp_path)
    (got,) = run_commands(["python -c 'import sys; print(sys.executable)'"], tmp_path, environment)
    assert got.strip() == sys.executable
