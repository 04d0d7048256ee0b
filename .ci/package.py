"""Builds dist/ofanet.zip: the plugin with engine and resources inside, the same bytes from the same sources."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIMIT_BYTES = 25_000_000  # of plugins.qgis.org
PLACES = {"qgis_plugin/": "ofanet/", "ofa_engine/": "ofanet/ofa_engine/", "resources/": "ofanet/resources/"}


def members() -> dict[str, Path]:
    """Name in the zip -> file, for everything that git tracks in the packaged folders; sample scenes stay out."""
    listed = subprocess.run(["git", "ls-files", "-z", *PLACES], cwd=ROOT, check=True, capture_output=True, text=True)
    found = {}
    for name in filter(None, listed.stdout.split("\0")):
        folder = next(place for place in PLACES if name.startswith(place))
        if not name.startswith(("resources/samples/", "resources/__init__")):
            found[PLACES[folder] + name.removeprefix(folder)] = ROOT / name
    found["ofanet/setup.cfg"] = ROOT / "setup.cfg"  # names the packages of an engine that the plugin sets up
    found.setdefault("ofanet/LICENSE", ROOT / "LICENSE")
    return found


def contents() -> dict[str, bytes]:
    return {name: path.read_bytes() for name, path in sorted(members().items())}


def build(target: Path, files: dict[str, bytes]) -> None:
    """Writes `files` in their order; the same bytes at any time."""
    part = target.with_suffix(".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, date_time=(2020, 1, 1, 0, 0, 0))  # no clock in the bytes
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            package.writestr(entry, data, compresslevel=9)
    part.replace(target)


def main() -> int:
    target = ROOT / "dist" / "ofanet.zip"
    target.parent.mkdir(exist_ok=True)
    build(target, contents())
    size = target.stat().st_size
    if size >= LIMIT_BYTES:
        print(f"expected a package under {LIMIT_BYTES} bytes, found {size} in {target}", file=sys.stderr)
        return 1
    print(f"{target.relative_to(ROOT)}: {size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
