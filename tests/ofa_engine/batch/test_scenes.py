import json
import shutil
import zipfile
from pathlib import Path

import pytest

from ofa_engine.batch.scenes import find_scenes, redact_message, redacted
from ofa_engine.core.errors import InputError

from ..safe_product import write_safe, zipped


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def found(*inputs, known=None, skip=None) -> list[tuple[str, str]]:
    return [(scene.id, scene.input) for scene in find_scenes([str(i) for i in inputs], known or {}, skip)]


def test_folders_are_searched_for_rasters_but_not_their_results(tmp_path):
    touch(
        tmp_path / "b.tif",
        tmp_path / "deep" / "a.JP2",
        tmp_path / "notes.txt",
        tmp_path / ".b.1.part.tif",
        tmp_path / "out" / "b.tif",
    )
    assert found(tmp_path, skip=tmp_path / "out") == [
        ("b", str(tmp_path / "b.tif")),
        ("a", str(tmp_path / "deep" / "a.JP2")),
    ]


def test_each_scene_once_in_the_given_order(tmp_path, monkeypatch):
    touch(tmp_path / "a.tif", tmp_path / "b.tif", tmp_path / "x" / "c.dat")
    monkeypatch.chdir(tmp_path)
    assert [i for i, _ in found("b.tif", "*.tif", "**/*.dat", tmp_path)] == ["b", "a", "c"]
    assert all(Path(path).is_absolute() for _, path in found("b.tif"))


def test_names_of_addresses(tmp_path):
    assert found("https://host/a%20b/scene.tif?token=1", "s3://bucket/x.tif") == [
        ("scene", "https://host/a%20b/scene.tif?token=1"),
        ("x", "s3://bucket/x.tif"),
    ]


def test_tables(tmp_path):
    touch(tmp_path / "sub" / "a.tif", tmp_path / "b.tif")
    (tmp_path / "t.csv").write_text("\ufeffId,PATH\nfirst/one,sub/a.tif\n,b.tif\n,\n", encoding="utf-8")
    assert found(tmp_path / "t.csv") == [("first_one", str(tmp_path / "sub" / "a.tif")), ("b", str(tmp_path / "b.tif"))]
    (tmp_path / "t.csv").write_text("href\nhttps://host/a.tif\n")
    assert found(tmp_path / "t.csv") == [("a", "https://host/a.tif")]


def item(identity, **assets):
    return {
        "type": "Feature",
        "id": identity,
        "geometry": None,
        "assets": assets,
        "properties": {"datetime": "2024-05-06T00:00:00Z", "other": 1},
    }


def test_stac_items(tmp_path):
    data = {"href": "./data/a.tif", "type": "image/tiff; application=geotiff", "roles": ["data"]}
    thumb = {"href": "a.png", "type": "image/png", "roles": ["thumbnail"]}
    mask = {"href": "mask.tif", "roles": ["cloud"]}
    two = {"b1": {"href": "b1.tif"}, "b2": {"href": "https://host/b2.jp2"}}
    collection = {"type": "FeatureCollection", "features": [item("A", image=data, t=thumb, m=mask), item("B", **two)]}
    (tmp_path / "items.json").write_text(json.dumps(collection))
    assert found(tmp_path / "items.json") == [
        ("A", str(tmp_path / "data" / "a.tif")),
        ("B_b1", str(tmp_path / "b1.tif")),
        ("B_b2", "https://host/b2.jp2"),
    ]
    assert find_scenes([str(tmp_path / "items.json")], {})[0].times == {"datetime": "2024-05-06T00:00:00Z"}
    (tmp_path / "one.json").write_text(json.dumps(item("A", image=data | {"href": f"file://{tmp_path}/x%20y.tif"})))
    assert found(tmp_path / "one.json") == [("A", str(tmp_path / "x y.tif"))]


def test_geojson_that_is_no_stac(tmp_path):
    feature = {"type": "Feature", "geometry": None, "properties": {"location": "a.tif"}}  # as gdaltindex writes it
    (tmp_path / "i.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    assert found(tmp_path / "i.geojson") == [("a", str(tmp_path / "a.tif"))]


def test_ids_differ_and_stay(tmp_path):
    paths = [tmp_path / name / "B02.tif" for name in "abc"]
    touch(*paths, tmp_path / "d" / "b02.tif")
    first = found(*paths, tmp_path / "d")
    ids = [i for i, _ in first]
    assert ids[0] == "B02" and len({i.lower() for i in ids}) == 4
    again = {path: i for i, path in found(*reversed(paths), tmp_path / "d", known={p: i for i, p in first})}
    assert again == {path: i for i, path in first}


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("t.csv", "name\na.tif\n", "column path or href"),
        ("t.csv", "path,id\na.tif,x\nb.tif,X\n", "distinct ids"),
        ("t.csv", "path\n", "expected scenes"),
        ("i.json", "{", "another file"),
        ("i.json", "[1]", "another file"),
        ("i.json", '{"type": "Point"}', "another file"),
        ("i.json", json.dumps(item("A")), "feature A"),
    ],
)
def test_unusable_inputs(tmp_path, name, text, words):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=words):
        found(tmp_path / name)


def test_nothing_there(tmp_path):
    for path, words in [("none.tif", "none.tif"), ("*.tif", "match"), ("", "in ")]:
        with pytest.raises(InputError, match=words):
            found(tmp_path / path if path else tmp_path)


# --- Sentinel-2 products -----------------------------------------------------------------------------------------


def test_a_product_as_downloaded_is_one_scene(tmp_path):
    """Unpacked, packed, both, half a download; and archives and folders that are none."""
    safe = write_safe(tmp_path / "unpacked", size_px=12)
    both = write_safe(tmp_path / "both", size_px=12)
    l1c = write_safe(tmp_path / "l1c", "L1C", size_px=12)
    zipped(both)
    packed = zipped(l1c).rename(tmp_path / "l1c" / "july.zip")
    shutil.rmtree(l1c)
    broken = tmp_path / f"{safe.stem}.SAFE.zip"
    broken.write_bytes(b"half a download")
    (tmp_path / safe.name).mkdir()
    touch(tmp_path / "S2_results.zip", tmp_path / "S1A_IW.SAFE" / "measurement" / "vv.tiff", tmp_path / "a.tif")
    with zipfile.ZipFile(tmp_path / "others.zip", "w") as archive:
        archive.writestr("a.tif", "")
    scenes = found(tmp_path)
    assert [path for _, path in scenes] == [
        str(tmp_path / name)
        for name in (
            "S1A_IW.SAFE/measurement/vv.tiff",
            safe.name,
            "a.tif",
            f"both/{both.name}",
            "l1c/july.zip",
            f"unpacked/{safe.name}",
        )
    ]
    ids = [i for i, _ in scenes]
    assert ids[:3] == ["vv", safe.stem, "a"] and ids[4] == l1c.stem
    assert all(i.startswith(f"{safe.stem}-") for i in (ids[3], ids[5]))  # one product three times
    (tmp_path / safe.name).rmdir()
    assert (safe.stem, str(broken)) in found(tmp_path)
    assert found(packed) == [(l1c.stem, str(packed))]


def test_every_way_to_name_a_product(tmp_path, monkeypatch):
    safe = write_safe(tmp_path, size_px=12)
    (tmp_path / "t.csv").write_text(f"path\n{safe.name}/MTD_MSIL2A.xml\n")
    ways = (safe, safe / "MTD_MSIL2A.xml", tmp_path / "t.csv", tmp_path / "S2*.SAFE", tmp_path)
    assert [found(way) for way in ways] == [[(safe.stem, str(safe))]] * len(ways)
    assert len(found(*ways)) == 1
    link = tmp_path / "links" / safe.name
    link.parent.mkdir()
    link.symlink_to(safe, target_is_directory=True)
    assert found(link.parent) == [(safe.stem, str(link))]
    renamed = safe.rename(tmp_path / "july")
    assert found(tmp_path / "july") == [("july", str(renamed))]


# --- addresses ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://me:word@host/a/b.tif", "https://host/a/b.tif"),
        ("/vsicurl/https://host/a.tif", None),
        ("s3://bucket/a.tif", None),
        ("/data/50%?/a@b.tif", None),
    ],
)
def test_addresses_are_redacted(address, kept):
    assert redacted(address) == (kept or address)


def test_addresses_are_redacted_but_stay_distinct():
    one, other = (redacted(f"https://host/get.tif?key={key}") for key in ("secret", "other"))
    assert one != other and one.startswith("https://host/get.tif?") and "secret" not in one
    scenes = find_scenes([f"https://host/get.tif?id={i}" for i in (1, 2)], {})
    assert scenes[0].id == "get" and scenes[1].id.startswith("get-") and len({s.key for s in scenes}) == 2
    known = {scene.key: scene.id for scene in scenes}
    assert [s.id for s in find_scenes([s.input for s in reversed(scenes)], known)] == [s.id for s in reversed(scenes)]


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        (
            "found a.tif: '/vsicurl/https://me:w@h/a.tif?k=1&x=2' not recognised",
            "found a.tif: '/vsicurl/https://h/a.tif' not recognised",
        ),
        ("is it open? ask a@b", None),
        ("HDF5:/x/a.h5://scene/rgb broke", None),
    ],
)
def test_messages_are_redacted(message, kept):
    assert redact_message(message) == (kept or message)
