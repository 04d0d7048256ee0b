"""The options of a scene, and what tells whether they have changed."""

from ofa_engine.batch.scene_task import options_digest, scene_options
from ofa_engine.core.options import BatchOptions


def test_a_layer_of_a_file_is_followed_like_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fields.gpkg").write_text("first")
    options = BatchOptions(["x.tif"], output="y", mask="fields.gpkg|layername=b")
    assert scene_options(options)["mask"] == str(tmp_path / "fields.gpkg|layername=b")
    before = options_digest(options)
    (tmp_path / "fields.gpkg").write_text("changed")
    assert options_digest(options) != before
