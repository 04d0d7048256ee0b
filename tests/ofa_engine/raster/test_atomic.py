import pytest

from ofa_engine.core.errors import OutputError
from ofa_engine.raster.atomic import Pending, check_output


def test_outputs_are_checked_before_work_starts(tmp_path):
    ok = tmp_path / "out.tif"
    assert check_output(ok, [], (".tif",)) == ok
    (tmp_path / "locked").mkdir(mode=0o555)
    (tmp_path / "folder.tif").mkdir()
    for name, says in [
        ("no/out.tif", "create it first"),
        ("out.png", "ending in"),
        ("locked/out.tif", "read-only"),
        ("folder.tif", "folder"),
    ]:
        with pytest.raises(OutputError, match=says):
            check_output(tmp_path / name, [], (".tif",))
    with pytest.raises(OutputError, match="must not be an input"):
        check_output(tmp_path / "." / "out.tif", [str(ok)], (".tif",))
    (tmp_path / "a.gpkg").touch()
    with pytest.raises(OutputError, match="must not be an input"):
        check_output(tmp_path / "a.gpkg", [f"{tmp_path / 'a.gpkg'}|layername=x"], (".gpkg",))
    (tmp_path / "what!").mkdir()
    with pytest.raises(OutputError, match="a folder without !"):
        check_output(tmp_path / "what!" / "a.gpkg", [], (".gpkg",))


@pytest.mark.parametrize("name", [238 * "x", 120 * "ü", 300 * "x"])
def test_names_that_are_too_long_are_refused_before_work_starts(tmp_path, name):
    with pytest.raises(OutputError, match=f"shorter name for an output, found one of {len(name) + 4} characters"):
        check_output(tmp_path / f"{name}.tif", [], (".tif",))
    longest = tmp_path / f"{200 * 'x'}.tif"
    assert check_output(longest, [], (".tif",)) == longest
    pending = Pending()
    part = pending.scratch(longest)
    part.with_name(part.name + ".aux.xml").write_text("as long as it gets")
    pending.discard()


def test_pending_files_appear_whole_or_not_at_all(tmp_path):
    target = tmp_path / "a.gpkg"
    target.write_text("old")
    pending = Pending()
    pending.add(target).write_text("new")
    assert target.read_text() == "old"
    pending.discard()
    assert [p.name for p in tmp_path.iterdir()] == ["a.gpkg"]
    pending = Pending()
    part = pending.add(target)
    part.write_text("new")
    part.with_name(part.name + ".aux.xml").write_text("names")
    pending.commit()
    pending.discard()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.gpkg", "a.gpkg.aux.xml"] and target.read_text() == "new"
