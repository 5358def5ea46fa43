"""What people paste: one text of a terminal with the outputs of all nodes, and `kubectl get -o yaml` beside it."""

import yaml

from tests.layouts.rendered import Bundles, Recorded, Rendering

_RESOURCES = ("nodes", "pods", "services", "endpoints", "daemonsets", "ippools.crd.projectcalico.org")
_COMMANDS = {"ip a": "ip-addr", "ip r show table all": "ip-route", "ip rule": "ip-rule", "ip n": "ip-neigh"}


def write(recorded: Recorded) -> Bundles:
    """Prompts are bash's on Debian, Red Hat's, and SUSE's."""
    prompts = ("root@{}:~# ", "[root@{} ~]# ", "{}:~ # ")
    text = "".join(
        terminal(recorded, node, prompt.format(node)) for node, prompt in zip(recorded.nodes, prompts, strict=True)
    )
    objects = {f"{name}.yaml": as_list(recorded.objects(name)) for name in _RESOURCES}
    return {"case.zip": {"outputs.txt": text.encode(), **objects}}


def terminal(recorded: Recorded, node: str, prompt: str) -> str:
    shown = "".join(f"{prompt}{line}\n{recorded.output(node, name)}" for line, name in _COMMANDS.items())
    return f"{prompt}date\nSun Nov 22 23:29:08 UTC 2026\n{shown}{prompt}\n"


def as_list(objects: list[dict[str, object]]) -> bytes:
    whole = {"apiVersion": "v1", "items": objects, "kind": "List", "metadata": {"resourceVersion": ""}}
    return yaml.safe_dump(whole, sort_keys=True).encode()


RENDERING = Rendering("by-content", "text pasted from a terminal", "as people send it", write, status="broken")
