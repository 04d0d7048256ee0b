"""Holds the package to the rules of plugins.qgis.org, before an upload does.

    check_plugin.py [ofanet.zip]     without a file: builds the package, twice, as its bytes must not depend on when

Those rules are metadata, licence, size and layout of the zip; no compiled code; the findings of bandit and
detect-secrets; and what Qt 6 lacks. Here they are stricter: every finding counts, unless it was reviewed below.
"""

import configparser
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlparse

import check_qt6
import package

FOLDER = "ofanet"
REQUIRED = ("name", "description", "version", "qgisMinimumVersion", "author", "email", "about", "tracker", "repository")
EXACT = {"qgisMinimumVersion": "3.34", "qgisMaximumVersion": "4.99", "hasProcessingProvider": "yes"}
BAD_ENDINGS = (".pyc", ".pyo", ".pyd", ".exe", ".dll", ".so", ".dylib", ".bat", ".sh", ".ps1", ".cmd")
MAGIC = {  # what compiled code begins with
    b"\x7fELF": "ELF",
    b"MZ": "Windows PE",
    b"\xfe\xed\xfa\xce": "Mach-O",
    b"\xfe\xed\xfa\xcf": "Mach-O",
    b"\xce\xfa\xed\xfe": "Mach-O",
    b"\xcf\xfa\xed\xfe": "Mach-O",
    b"\xca\xfe\xba\xbe": "Mach-O or Java",
    b"!<arch>": "static library",
}
# Findings of bandit that were looked at: test -> files and why they stay. None of these is among those that the site
# refuses (exec, eval, pickle, shells, chmod, mktemp, extractall, TLS, passwords, downloads of models).
REVIEWED = {
    "B404": (
        (
            "setup/process_lines.py",
            "engine/child.py",
            "setup/python_finder.py",
            "ofa_engine/benchmark/other_tools.py",
        ),
        "the engine is a child process: that keeps PyTorch out of QGIS's Python",
    ),
    "B603": (
        (
            "setup/process_lines.py",
            "engine/child.py",
            "setup/python_finder.py",
            "ofa_engine/benchmark/other_tools.py",
        ),
        "argument lists without a shell; the program is the Python that the user chose or that was found and shown",
    ),
    "B101": (
        (
            "ofa_engine/pipeline/journal.py",
            "ofa_engine/pipeline/stages.py",
            "ofa_engine/pipeline/tile_reader.py",
            "ofa_engine/batch/scenes.py",
        ),
        "tells the type checker what the code before made sure of; nothing depends on it at run time",
    ),
    "B405": (
        (
            "ofa_engine/core/sensors/companions.py",
            "ofa_engine/core/sensors/facts.py",
            "ofa_engine/raster/stack_vrt.py",
            "ofa_engine/raster/class_names.py",
            "ofa_engine/batch/mosaic.py",
            "ofa_engine/raster/sentinel2_product.py",
        ),
        "the XML beside rasters that the user opens; Python's expat bounds expansion since 2.4.1 and fetches nothing",
    ),
    "B314": (
        (
            "ofa_engine/core/sensors/companions.py",
            "ofa_engine/core/sensors/facts.py",
            "ofa_engine/raster/class_names.py",
            "ofa_engine/raster/sentinel2_product.py",
        ),
        "as for B405",
    ),
}


def check_metadata(text: str, version: str, names: set[str]) -> Iterator[str]:
    """`text` of metadata.txt; `version` that the engine has; `names` in the package."""
    parser = configparser.ConfigParser()  # as the site and QGIS read it: a lone % is an error
    parser.optionxform = str
    try:
        parser.read_string(text)
        found = dict(parser.items("general"))
    except configparser.Error as error:
        yield f"metadata.txt: expected a section [general] that configparser reads, found: {error}"
        return
    for key in REQUIRED:
        if not found.get(key, "").strip():
            yield f"metadata.txt: expected {key}, found none"
    for key, value in {**EXACT, "version": version}.items():
        if found.get(key) != value:
            yield f"metadata.txt: expected {key}={value}, found {found.get(key)}"
    for key in ("tracker", "repository", "homepage"):
        url = urlparse(found.get(key, ""))
        if url.scheme != "https" or "." not in url.netloc:
            yield f"metadata.txt: expected an address with https:// as {key}, found {found.get(key)!r}"
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", found.get("email", "")):
        yield f"metadata.txt: expected an address as email, found {found.get('email')!r}"
    if "/" in found.get("author", ""):
        yield "metadata.txt: expected an author without slashes"
    if version not in found.get("changelog", ""):
        yield f"metadata.txt: expected a changelog that tells of {version}"
    if "dependency" not in found.get("about", ""):
        yield "metadata.txt: expected about to name the external dependency"
    if "supportsQt6" in found:
        yield "metadata.txt: supportsQt6 is deprecated: qgisMaximumVersion says it"
    if f"{FOLDER}/{found.get('icon')}" not in names:
        yield f"metadata.txt: expected the icon {found.get('icon')} in the package, found none"


def check_layout(zipped: zipfile.ZipFile, size_bytes: int) -> Iterator[str]:
    """Names, rights and first bytes of all files in the package."""
    if size_bytes >= package.LIMIT_BYTES:
        yield f"expected less than {package.LIMIT_BYTES} bytes, found {size_bytes}"
    names = zipped.namelist()
    for name in ("__init__.py", "metadata.txt", "LICENSE"):
        if f"{FOLDER}/{name}" not in names:
            yield f"expected {FOLDER}/{name}, found none"
    for entry in zipped.infolist():
        parts = entry.filename.split("/")
        if parts[0] != FOLDER or ".." in parts or "\\" in entry.filename:
            yield f"{entry.filename}: expected all files in the folder {FOLDER}"
        if any(part.startswith(".") or part in ("__pycache__", "__MACOSX") for part in parts):
            yield f"{entry.filename}: expected no hidden files and no caches"
        if entry.filename.lower().endswith(BAD_ENDINGS):
            yield f"{entry.filename}: expected no compiled code and no shell scripts"
        if entry.external_attr >> 16 & 0o111:
            yield f"{entry.filename}: expected no right to execute"
        with zipped.open(entry) as file:
            start = file.read(8)
        for magic, kind in MAGIC.items():
            if start.startswith(magic):
                yield f"{entry.filename}: expected no compiled code, found {kind}"


def check_security(folder: Path) -> Iterator[str]:
    """What bandit finds in the unpacked package and nobody has reviewed; comments in the code silence nothing."""
    command = [sys.executable, "-m", "bandit", "--recursive", ".", "--format", "json", "--quiet", "--ignore-nosec"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        yield f"bandit did not run: {done.stderr.strip()}"
        return
    report = json.loads(done.stdout)
    yield from (f"bandit could not read {error['filename']}: {error['reason']}" for error in report["errors"])
    for found in report["results"]:
        name = Path(found["filename"]).as_posix().removeprefix(f"{FOLDER}/")
        if name not in REVIEWED.get(found["test_id"], ((), ""))[0]:
            text = f"{found['test_id']} {found['issue_text']}"
            yield f"{name}:{found['line_number']}: bandit: {text} Mend it, or review it in .ci/check_plugin.py"


def check_secrets(folder: Path) -> Iterator[str]:
    """What detect-secrets takes for a password or key."""
    command = [sys.executable, "-m", "detect_secrets", "scan", "--all-files", "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        yield f"detect-secrets did not run: {done.stderr.strip()}"
        return
    for name, found in json.loads(done.stdout)["results"].items():
        yield from (f"{name}:{secret['line_number']}: expected no secrets, found {secret['type']}" for secret in found)


def check(path: Path) -> list[str]:
    """All that the site would refuse or warn of, a line each."""
    with tempfile.TemporaryDirectory(prefix="ofanet-check-") as place, zipfile.ZipFile(path) as zipped:
        problems = list(check_layout(zipped, path.stat().st_size))
        if problems:
            return problems  # what follows unpacks the files
        for name in zipped.namelist():
            zipped.extract(name, place)
        folder = Path(place)
        version = re.search(r'"(.+)"', (folder / FOLDER / "ofa_engine" / "core" / "version.py").read_text("utf-8"))[1]
        text = (folder / FOLDER / "metadata.txt").read_text("utf-8")
        problems += check_metadata(text, version, set(zipped.namelist()))
        problems += check_security(folder)
        problems += check_secrets(folder)
        return problems + check_qt6.in_folder(folder)


def check_built() -> list[str]:
    with tempfile.TemporaryDirectory(prefix="ofanet-package-") as place:
        first, second = Path(place, "1.zip"), Path(place, "2.zip")
        files = package.contents()
        package.build(first, files)
        package.build(second, files)
        problems = check(first)
        if first.read_bytes() != second.read_bytes():
            problems.append("expected the same bytes from the same sources, found two packages that differ")
        if not problems:
            print(f"package: {first.stat().st_size} bytes, fit for plugins.qgis.org")
        return problems


def main() -> int:
    problems = check(Path(sys.argv[1])) if sys.argv[1:] else check_built()
    for text in problems:
        print(text, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
