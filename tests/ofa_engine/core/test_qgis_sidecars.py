import pytest

from ofa_engine.core.qgis_sidecars import remove_stale

OURS, USERS = b'<qgis><Option name="ofanet/kind"/></qgis>', b"<qgis/>"


@pytest.mark.parametrize("name", ["a.tif", "a.tiff", "a.gpkg"])
def test_our_own_sidecars_go_and_the_users_stay(name, tmp_path):
    (tmp_path / "a.qml").write_bytes(OURS)
    (tmp_path / "a.qmd").write_bytes(USERS)
    remove_stale(tmp_path / name)
    assert [p.name for p in tmp_path.iterdir()] == ["a.qmd"]


def test_a_rasters_sidecars_stay_where_polygons_of_its_name_are_written(tmp_path):
    (tmp_path / "a.tif").touch()
    (tmp_path / "a.qml").write_bytes(OURS)
    remove_stale(tmp_path / "a.gpkg")
    assert (tmp_path / "a.qml").exists()
    remove_stale(tmp_path / "a.html")
    assert (tmp_path / "a.qml").exists()
    remove_stale(tmp_path / "a.tif")
    assert not (tmp_path / "a.qml").exists()
