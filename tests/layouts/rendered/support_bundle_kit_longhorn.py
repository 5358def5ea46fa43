"""Longhorn's support bundle: the same kit on any Linux, whose node archives hold no output of `ip`."""

import io
import zipfile

from tests.layouts.rendered import Bundles, Recorded, Rendering
from tests.layouts.rendered.support_bundle_kit import METADATA, logs, objects


def write(recorded: Recorded) -> Bundles:
    """`longhorn-support-bundle_UUID_TIME.zip`."""
    files = {**objects(recorded), **logs(recorded), "metadata.yaml": METADATA}
    files |= {f"nodes/{node}.zip": of_node(node) for node in recorded.nodes}
    return {"longhorn-support-bundle_9b6b22de_2026-11-22T23-29-08Z.zip": {f"bundle/{p}": d for p, d in files.items()}}


def of_node(node: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(f"{node}/hostinfos/hostinfo", f"hostname : \n \t{node}\n")
        archive.writestr(f"{node}/logs/kubelet.log", "Nov 22 23:29:08 kubelet[1]: started\n")
    return data.getvalue()


RENDERING = Rendering(
    "support-bundle-kit",
    "Longhorn support bundle",
    "rancher/support-bundle-kit 1efdd22",
    write,
    status="broken",
    lacks=("ip addr", "ip route"),
)
