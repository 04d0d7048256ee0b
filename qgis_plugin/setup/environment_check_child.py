"""Run by the Python that is to be checked, never in QGIS: says in a line of JSON what it has and whether it computes.

    python -I environment_check_child.py REQUEST

    REQUEST: {"root": FOLDER OF ofa_engine, "python": [3, 10], "packages": [["torch", "2.11"], ...]}

Written so that old Pythons can read it: they say their version, and nothing else is asked of them.
"""

import importlib
import json
import sys

MODULES = {"scikit-learn": "sklearn"}  # where the module is called otherwise than its package


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
    """What is wrong with a package, and its version."""
    from importlib import metadata

    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return {"name": name, "problem": "missing"}
    told = {"name": name, "version": version}
    if least and numbers(version) < numbers(least):
        told["problem"] = "old"
        return told
    try:
        importlib.import_module(MODULES.get(name, name))
    except Exception as error:  # a library of the system may be missing: anything can come out of an import
        told["problem"] = "broken"
        told["why"] = in_a_line(error)
    return told


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
    asked = json.loads(sys.argv[1])
    told = {"python": sys.version.split()[0], "executable": sys.executable, "system": sys.platform}
    if sys.version_info[:2] >= tuple(asked["python"]):
        told["packages"] = [look_for(name, least) for name, least in asked["packages"]]
        if not any("problem" in package for package in told["packages"]):
            try:
                told.update(compute(asked["root"]))
            except Exception as error:
                told["failed"] = in_a_line(error)
    print("\n" + json.dumps({"ofanet": told}), flush=True)


if __name__ == "__main__":
    main()
