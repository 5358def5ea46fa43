"""`kubectl cluster-info dump --output-directory=D -A -o yaml`."""

from tests.layouts.rendered import Bundles, Recorded, Rendering
from tests.layouts.rendered.cluster_info_dump import LACKS, SOURCE, lists, logs, pods_of
from tests.layouts.rendered_objects import as_yaml, namespaces


def write(recorded: Recorded) -> Bundles:
    """One printer writes all the files, and puts `---` before every object but its first (cli-runtime printers/yaml.go)."""
    files = {}
    for at, (path, found) in enumerate(lists(recorded)):
        files[f"dump/{path}.yaml"] = (b"---\n" if at else b"") + as_yaml(found)
    for namespace in namespaces(pods_of(recorded)):
        files |= {f"dump/{path}": text for path, text in logs(recorded, namespace)}
    return {"dump.tgz": files}


RENDERING = Rendering(
    "cluster-info-dump", "kubectl cluster-info dump -o yaml", SOURCE, write, status="inconclusive", lacks=LACKS
)
