"""The pictures that the documentation shows: drawn from the fixtures, as anybody can draw them."""

from __future__ import annotations

import calico_bundle as cb
from tools.docs_examples import ROOT

FOLDER = "docs/pictures"


def pictures() -> dict[str, str]:
    """Each picture by its path from the project's folder."""
    incident = cb.analyze(ROOT / "fixtures/incident/bundle")
    path = incident.path("shop/payment")
    later = cb.analyze(ROOT / "fixtures/card-added-later/bundle")
    return {
        f"{FOLDER}/incident.svg": incident.picture.svg,
        f"{FOLDER}/incident-narrow.svg": incident.picture.narrow_svg,
        f"{FOLDER}/incident-path.svg": path.picture.svg,
        f"{FOLDER}/card-added-later.svg": later.picture.svg,
    }
