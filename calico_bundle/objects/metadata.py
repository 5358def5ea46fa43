"""What every kind of object has: its name, its owner, its conditions."""

from __future__ import annotations

from calico_bundle.objects.fields import Fields


def name_of(obj: Fields) -> str:
    """metadata.name; an object without it is left out."""
    return obj.child("metadata").required("name", "name")


def namespace_of(obj: Fields) -> str:
    """metadata.namespace of an object."""
    return namespace_in(obj.child("metadata"))


def namespace_in(metadata: Fields) -> str:
    """metadata.namespace; "default" when empty, as the API has it; an object whose namespace is hidden is left out."""
    return metadata.required("namespace", "namespace") if "namespace" in metadata else "default"


def owner_of(metadata: Fields) -> str | None:
    """kind/name of the controlling ownerReference."""
    for owner in metadata.children("ownerReferences"):
        kind, name = owner.text("kind", "owner"), owner.text("name", "owner")
        if owner.flag("controller", "owner") and kind and name:
            return f"{kind}/{name}"
    return None


def ready_condition(status: Fields) -> Fields | None:
    """The condition Ready in status.conditions."""
    found = status.children("conditions")
    return next((condition for condition in found if condition.words("type") == "Ready"), None)


def is_ready(condition: Fields | None) -> bool | None:
    """Whether a condition is True or False; None when it is Unknown or not there."""
    status = condition.text("status", "ready") if condition else None
    return {"true": True, "false": False}.get((status or "").lower())
