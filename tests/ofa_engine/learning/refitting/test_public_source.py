"""Public chips as what heads are fitted on: fetched when they are needed, once, and attributed."""

from ofa_engine.core.callbacks import QUIET
from ofa_engine.core.sensors import SENSORS
from ofa_engine.learning.refitting.public_source import PublicChips

from ..public_chips.public_server import PublicServer


def test_chips_are_fetched_with_the_first_head_and_serve_all(tmp_path):
    output, folder = tmp_path / "heads", tmp_path / "temporary"
    output.mkdir()
    folder.mkdir()
    with PublicServer() as server:
        source = PublicChips(output, folder, 1, server.catalogue(tmp_path), chips=2)
        recipes = {recipe.head.name: recipe for recipe in source.recipes(list(SENSORS))}
        assert {recipe.sensor for recipe in recipes.values()} == {"sentinel-2", "naip", "gaofen"}
        assert not list(output.iterdir()), "nothing is fetched before"
        materials = [source.material(recipes[name], 64, 0, QUIET) for name in recipes]
    first = materials[0]
    assert any("ESA WorldCover" in line for line in first.facts["attribution"]) and not first.taught
    assert {entry["name"] for entry in first.classes} > {"water", "trees", "crops", "built"}
    for material, recipe in zip(materials, recipes.values(), strict=True):
        assert all(len(part) for part in material.labelled)
        assert max(part.row.max() for part in material.labelled) < source.side_px(recipe)
