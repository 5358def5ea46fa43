"""What of an analysis shows itself in a notebook, by the name of its attribute."""

SHOWN = (
    "verdict", "findings", "effects", "hypotheses", "symptoms", "missing", "collect", "moves", "tables", "graph", "context",
)  # fmt: skip
