"""`kubectl cluster-info dump -A > dump.txt`: one file, the lists and the logs of each namespace one after the other."""

from tests.layouts.rendered import Bundles, Recorded, Rendering
from tests.layouts.rendered.cluster_info_dump import LACKS, SOURCE, lists, logs
from tests.layouts.rendered_objects import as_json


def write(recorded: Recorded) -> Bundles:
    """All of it through one writer, in the order of the namespaces."""
    parts = []
    for path, found in lists(recorded):
        parts.append(as_json(found))
        if path.endswith("/pods"):
            parts += [text for _, text in logs(recorded, path.partition("/")[0])]
    return {"case-4711.tar.gz": {"dump.txt": b"".join(parts)}}


RENDERING = Rendering(
    "by-content",
    "kubectl cluster-info dump, to standard output",
    SOURCE,
    write,
    status="inconclusive",
    lacks=LACKS,
)
