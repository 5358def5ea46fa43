"""Builds the stories of fixtures/ from recorded laboratory runs, and packs a story into an archive.

    python tools/build_fixtures.py build RECORDED [NAME...]        rewrite story.yaml, scenario.json and bundle/
    python tools/build_fixtures.py archive NAME -o FILE            FILE.tar.gz, FILE.tar or FILE.zip of one story

RECORDED is a folder that holds, at any depth, one folder per run (truth.json, scenario.json, cluster/, nodes/).
What a person wrote about a story is its build.yaml; all else in its folder is made here.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))  # so that `python tools/build_fixtures.py` finds its own siblings

from tools.fixture_archive import cut, pack  # noqa: E402
from tools.fixture_layouts import LAYOUTS, Dump, Files, hide_addresses  # noqa: E402
from tools.fixture_objects import Install, build  # noqa: E402
from tools.fixture_runs import Json, PodName, Run, find_run  # noqa: E402
from tools.fixture_truth import expected, measured, uses_cluster_dns  # noqa: E402

FIXTURES = REPOSITORY / "fixtures"
NOT_MEASURED: Json = {"facts": {}, "nodes": {}, "paths": {}, "pods": {}}


def load_build(story: Path) -> Json:
    """What a person wrote about a story."""
    loaded: Json = yaml.safe_load((story / "build.yaml").read_text(encoding="utf-8"))
    return loaded


def pod_names(renamed: Mapping[str, str], scenario: Json) -> dict[str, PodName]:
    """Recorded pod name to the story's: as `rename.pods` says, else unchanged; DNS pods live in kube-system."""
    out = {}
    for pod in (p for n in scenario["nodes"] for p in n["pods"]):
        home = "kube-system" if pod.get("role") == "dns" else "default"
        namespace, name = renamed.get(pod["name"], f"{home}/{pod['name']}").split("/")
        out[pod["name"]] = PodName(namespace, name)
    return out


def open_run(recorded: Path, spec: Json) -> Run:
    """The recorded run that a build.yaml names."""
    path = find_run(recorded, spec["run"])
    rename = spec.get("rename", {})
    scenario: Json = yaml.safe_load((path / "scenario.json").read_text())
    return Run(path, pod_names(rename.get("pods", {}), scenario), rename.get("nodes", {}))


def make_install(spec: Json) -> Install:
    """The Calico installation that a build.yaml describes."""
    install = dict(spec.get("install", {}))
    install["environment"] = tuple(install.get("environment", {}).items())
    return Install(**install)


def make_dump(spec: Json, run: Run, objects: Mapping[str, list[Json]], install: Install) -> Dump:
    """What goes into the bundle, and in which shape."""
    wanted = ("root", "address_shape", "object_style", "log_line", "with_objects", "with_nodes", "files")
    return Dump(run, objects, install, **{key: spec[key] for key in wanted if key in spec})


def make_files(spec: Json, dump: Dump) -> Files:
    """The bundle's files by their path, below the layout's top folder."""
    files = LAYOUTS[spec["layout"]](dump)
    if spec.get("hide_addresses"):
        files = hide_addresses(files)
    return {f"{dump.root}{path}": text for path, text in files.items()}


def make_story(spec: Json, run: Run, objects: Mapping[str, list[Json]], after: Run | None) -> Json:
    """story.yaml: what a person wrote, what was measured, what a report must say."""
    pods = {f"{p['metadata']['namespace']}/{p['metadata']['name']}": p["spec"] for p in objects["pods"]}
    truth = measured(run, {name: spec["dnsPolicy"] for name, spec in pods.items()})
    told: Json = {key: spec[key] for key in ("title", "told", "origin", "layout")}
    out: Json = {**told, "measured": truth, "expected": expected(run, truth["pods"], after)}
    out["expected"]["not_applicable"] = [
        name for name, pod in pods.items()
        if not uses_cluster_dns(pod["dnsPolicy"], host_network=pod.get("hostNetwork", False))]  # fmt: skip
    if spec.get("measured") is False:
        out["measured"] = NOT_MEASURED
        out["expected"] |= {"wrong_nodes": [], "forbidden_codes": ["CB101", "CB102", "CB103"]}
    out["expected"] |= leaves_open(spec)
    return out


def leaves_open(spec: Json) -> Json:
    """What the bundle's lacks change of what must be said: nothing of the verdict (`partial`), or all of it."""
    if "inconclusive" in spec:
        return inconclusive(spec["inconclusive"])
    return {"why": spec["partial"], "unknown_paths_allowed": True} if "partial" in spec else {}


def inconclusive(why: str) -> Json:
    """What a report must say when the bundle lacks what decides: nothing blamed, every path may be unknown."""
    return {"verdict_status": "inconclusive", "why": why, "root_causes": [], "blamed_codes": {},
            "unknown_paths_allowed": True}  # fmt: skip


def build_story(story: Path, recorded: Path) -> int:
    """Rewrite one story's folder; its size in bytes."""
    spec = load_build(story)
    if "archive_of" in spec:
        return build_cut_story(story, spec)
    run, install = open_run(recorded, spec), make_install(spec)
    objects = build(run, install)
    after = open_run(recorded, {**spec, "run": spec["after_restart"]}) if "after_restart" in spec else None
    shutil.rmtree(story / "bundle", ignore_errors=True)
    for path, text in make_files(spec, make_dump(spec, run, objects, install)).items():
        place = story / "bundle" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    shutil.copyfile(run.path / "scenario.json", story / "scenario.json")
    write_story(story, make_story(spec, run, objects, after))
    return folder_size(story)


def build_cut_story(story: Path, spec: Json) -> int:
    """A story without files of its own: another story's archive, cut."""
    whole: Json = yaml.safe_load((FIXTURES / spec["archive_of"] / "story.yaml").read_text(encoding="utf-8"))
    told: Json = {key: spec[key] for key in ("title", "told", "origin", "archive_of", "keep")}
    whole["expected"] |= leaves_open(spec)
    write_story(
        story, {**told, "layout": whole["layout"], "measured": whole["measured"], "expected": whole["expected"]}
    )
    return folder_size(story)


class _StoryDumper(yaml.SafeDumper):
    """Keys in the order of the story, texts as blocks, no aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_StoryDumper.add_representer(str, _text)


def write_story(story: Path, content: Json) -> None:
    """Write story.yaml."""
    head = "# Made by tools/build_fixtures.py from build.yaml and a recorded run; do not edit.\n"
    text = yaml.dump(content, Dumper=_StoryDumper, sort_keys=False, width=110, allow_unicode=True)
    (story / "story.yaml").write_text(head + text, encoding="utf-8")


def folder_size(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


def story_members(story: Path) -> list[tuple[str, bytes]]:
    """The files of a story's bundle, sorted, as `(path, bytes)`."""
    bundle = story / "bundle"
    return sorted((p.relative_to(bundle).as_posix(), p.read_bytes()) for p in bundle.rglob("*") if p.is_file())


def story_archive(story: Path, kind: str = "tar.gz") -> bytes:
    """A story as an archive; cut where the story says so."""
    spec = load_build(story)
    if "archive_of" in spec:
        return cut(story_archive(story.parent / spec["archive_of"], kind), spec["keep"])
    return pack(story_members(story), kind)


def story_folders(names: list[str]) -> list[Path]:
    """The folders of the named stories, of all without names; the cut ones last, for they read another's story."""
    folders = sorted(p.parent for p in FIXTURES.glob("*/build.yaml"))
    unknown = sorted(set(names) - {p.name for p in folders})
    if unknown:
        raise SystemExit(f"no story named {', '.join(unknown)}: known are {', '.join(p.name for p in folders)}")
    wanted = [p for p in folders if not names or p.name in names]
    return sorted(wanted, key=lambda p: "archive_of" in load_build(p))


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("build", help="rewrite stories from recorded runs")
    make.add_argument("recorded", type=Path)
    make.add_argument("names", nargs="*")
    archive = commands.add_parser("archive", help="pack one story")
    archive.add_argument("name")
    archive.add_argument("-o", "--output", type=Path, required=True)
    return parser.parse_args()


def main() -> None:
    """Run the command."""
    args = arguments()
    if args.command == "archive":
        (story,) = story_folders([args.name])
        kind = next((k for k in ("zip", "tar") if args.output.suffix == f".{k}"), "tar.gz")
        args.output.write_bytes(story_archive(story, kind))
        return
    for story in story_folders(args.names):
        print(f"{story.name:28}{build_story(story, args.recorded):>9} bytes")


if __name__ == "__main__":
    main()
