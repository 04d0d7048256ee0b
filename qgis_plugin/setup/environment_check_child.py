"""Run by the Python that is to be checked, never in QGIS: prints in a line of JSON what it has and whether it works.

    python -I environment_check_child.py REQUEST

    REQUEST: {"root": FOLDER OF ofa_engine, "python": [3, 10], "packages": [["torch", "2.11"], ...]}

Written so that old Pythons can read it: they print their version and nothing else.
"""

import importlib
import json
import sys

MODULES = {"scikit-learn": "sklearn", "pyyaml": "yaml"}  # where the module has another name than its package


def numbers(version):
    """The first three numbers of a version."""
    found = []
    for part in version.split("+")[0].split(".")[:3]:
        digits = "".join(c for c in part if c.isdigit())
        found.append(int(digits) if digits else 0)
    return found + [0] * (3 - len(found))


def in_a_line(error):
    return f"{type(error).__name__}: " + str(error).strip().split("\n")[0]


def look_for(name, least):
    """A package's version, and its problem where it has one."""
    from importlib import metadata

    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return {"name": name, "problem": "missing"}
    found = {"name": name, "version": version}
    if least and numbers(version) < numbers(least):
        found["problem"] = "old"
        return found
    try:
        importlib.import_module(MODULES.get(name, name))
    except Exception as error:  # a library of the system may be missing: anything can come out of an import
        found["problem"] = "broken"
        found["why"] = in_a_line(error)
    return found


def compute(root):
    """One tile through a tiny model, on the device that the engine would take."""
    sys.path.insert(0, root)
    names = ("torch", "ofa_engine.model.ofanet", "ofa_engine.core.version")
    torch, models, version = map(importlib.import_module, names)
    device, name = "cpu", "cpu"
    if torch.cuda.is_available():
        device, name = "cuda", torch.cuda.get_device_name()
    model = models.OFANet(models.Architecture(width=16, depth=1, heads=2), ["naip"]).to(device).eval()
    with torch.inference_mode():
        tokens = model(torch.zeros(1, 3, 224, 224, device=device), "naip")
    return {"engine": version.__version__, "device": name, "finite": bool(torch.isfinite(tokens).all())}


def main():
    request = json.loads(sys.argv[1])
    found = {"python": sys.version.split()[0], "executable": sys.executable, "system": sys.platform}
    if sys.version_info[:2] >= tuple(request["python"]):
        found["packages"] = [look_for(name, least) for name, least in request["packages"]]
        if not any("problem" in package for package in found["packages"]):
            try:
                found.update(compute(request["root"]))
            except Exception as error:
                found["failed"] = in_a_line(error)
    print("\n" + json.dumps({"ofanet": found}), flush=True)


if __name__ == "__main__":
    main()
