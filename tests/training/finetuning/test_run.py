"""The supervised stage: it learns, and a run that was broken off continues as if it had not been."""

import numpy as np
import pytest
import torch

from ofa_engine.core import catalog
from ofa_engine.core.classes import MEDIUM_RESOLUTION
from ofa_engine.core.errors import InputError
from ofa_engine.model.checkpoint import load_checkpoint, save_checkpoint
from ofa_engine.model.ofanet import Architecture, OFANet
from training.data.places import CLASSES, MERGED
from training.finetuning import default_head_files, run
from training.finetuning.dense_sets import DenseTask, dense_tasks
from training.finetuning.held_out import class_scores, held_out_confusion

S2 = "sentinel-2 land cover"
SHARES = {S2: 0.7, "sentinel-1 land cover": 0.3}


def tasks(seed: int = 0) -> list[DenseTask]:
    """Bright and dark fields: crops and water."""
    made = [
        DenseTask(S2, "sentinel-2", MEDIUM_RESOLUTION, ((32, 1),), optional=((3, 4, 5),)),
        DenseTask("sentinel-1 land cover", "sentinel-1", MEDIUM_RESOLUTION, ((32, 1),)),
    ]
    rng = np.random.default_rng(seed)
    for task, bands, dark, bright in zip(made, (9, 2), (0.05, -22.0), (0.3, -8.0), strict=True):
        for number in range(3):
            field = np.kron(rng.integers(0, 2, (8, 8)), np.ones((8, 8))).astype(bool)
            labels = np.where(field, MEDIUM_RESOLUTION.index("crops"), MEDIUM_RESOLUTION.index("water"))
            task.add(np.repeat(np.where(field, bright, dark)[None], bands, 0), labels, f"{seed} {number}")
    return made


@pytest.fixture
def checkpoint(tmp_path):
    torch.manual_seed(0)
    model = OFANet(Architecture(32, 2, 2, patch_px=8, input_px=32), ("sentinel-1", "sentinel-2", "enmap"))
    save_checkpoint(tmp_path / "start.safetensors", model, "start", {"recipe": "none", "checkpoint": str(tmp_path)})
    return tmp_path / "start.safetensors"


def config(**more) -> run.FinetuningConfig:
    return run.FinetuningConfig(**({"steps": 8, "batch": 4, "warmup": 2, "log_steps": 4, "save_minutes": 0.0} | more))


def test_continuing_equals_never_stopping(checkpoint, tmp_path):
    def stop(line: str) -> None:
        raise KeyboardInterrupt

    run.FinetuningRun(checkpoint, tasks(), SHARES, tmp_path / "whole", config(), print).train()
    with pytest.raises(KeyboardInterrupt):
        run.FinetuningRun(checkpoint, tasks(), SHARES, tmp_path / "parts", config(), stop).train()
    lines: list[str] = []
    run.FinetuningRun(checkpoint, tasks(), SHARES, tmp_path / "parts", config(), lines.append).train()
    assert lines[0] == "continuing from step 3"
    whole, parts = (load_checkpoint(tmp_path / name / run.NAME) for name in ("whole", "parts"))
    assert whole.header["fingerprints"] == parts.header["fingerprints"]
    assert whole.header["training"]["start"] == {"recipe": "none"}
    assert whole.header["training"]["tasks"][S2] == {"rasters": 3, "places": 3}


def test_default_heads_of_a_run_map_what_it_learned(checkpoint, tmp_path):
    folder, held = tmp_path / "run", tasks(seed=1)
    path = run.FinetuningRun(checkpoint, tasks(), SHARES, folder, config(steps=60, save_minutes=9.0), print).train()
    done = load_checkpoint(path)
    assert done.header["fingerprints"] != load_checkpoint(checkpoint).header["fingerprints"]
    facts = default_head_files.write_default_heads(folder, done, tasks(), held, folder, 10, print)
    assert {"sentinel-2_landcover", "sentinel-2_landcover_no_red_edge", "sentinel-1_landcover"} <= set(facts)
    header = catalog.read_header(folder / "sentinel-2_landcover_no_red_edge.safetensors")
    assert [entry["name"] for entry in header["classes"]] == ["water", "crops"]  # those that it has seen
    assert "B5" not in header["training"]["bands"] and header["gsd_m"] == [5, 60]
    score = facts["sentinel-2_landcover"]["held_out"]
    assert score["places"] == 3 and score["accuracy"] > 0.9 and set(score["iou"]) == {"0", "4"}
    coarse = held_out_confusion(folder / "sentinel-2_landcover.safetensors", held[0], tuple(range(9)), 2)
    six = class_scores(coarse, CLASSES, MERGED)
    assert six["accuracy"] > 0.9 and six["samples"] == 3 * 32 * 32
    assert catalog.read_header(folder / "enmap_landcover.safetensors")["kind"] == "linear"


def test_merged_classes_and_what_is_mapped_as_something_else():
    matrix = np.zeros((3, 256))
    matrix[0, [0, 1, 2]] = 1000, 500, 500  # of class 0 half is mapped as it, a quarter each as the others
    matrix[1, 1] = 1000
    own = class_scores(matrix, ("a", "b", "c"))
    assert own["accuracy"] == pytest.approx(2 / 3, abs=1e-5) and set(own["iou"]) == {"a", "b"}
    merged = class_scores(matrix, ("ab",), {0: 0, 1: 0})
    assert merged["accuracy"] == pytest.approx(2500 / 3000, abs=1e-5) and merged["samples"] == 3000


def test_losses_are_drawn_by_task(tmp_path):
    (tmp_path / run.LOSSES).write_text("step,naip land cover at 1 m,sentinel-2 land cover\n100,2.0,nan\n200,1.0,0.5\n")
    drawn = run.losses_svg(tmp_path)
    assert drawn.count("<polyline") == 2 and "naip at 1 m" in drawn and "xmlns" in drawn


def test_a_run_is_not_continued_with_other_settings(checkpoint, tmp_path):
    run.FinetuningRun(checkpoint, tasks(), SHARES, tmp_path / "run", config(steps=2), print).train()
    for other in ((tasks(), config(steps=3)), (tasks()[:1], config(steps=2))):
        with pytest.raises(InputError, match="use a new folder"):
            run.FinetuningRun(checkpoint, other[0], SHARES, tmp_path / "run", other[1], print)


def test_a_folder_without_labelled_rasters_is_refused(tmp_path):
    with pytest.raises(InputError, match="expected labelled rasters"):
        dense_tasks(tmp_path)


def test_a_task_of_whole_scenes_learns_from_the_mean_token(checkpoint, tmp_path):
    scenes = DenseTask("scenes", "sentinel-1", ("dark", "bright"), ((32, 1),), scenes=True)
    for number in range(8):
        level = (-22.0, -8.0)[number % 2]
        scenes.add(np.full((2, 32, 32), level), np.full((32, 32), number % 2), "p")
    both, shares = [tasks()[0], scenes], {S2: 0.2, "scenes": 0.8}
    made = run.FinetuningRun(checkpoint, both, shares, tmp_path / "run", config(steps=40, log_steps=10), print)
    made.train()
    model, batch = made.module.model.eval(), made.samplers[1].draw(100)
    tokens = model(batch.pixels, "sentinel-1", batch.present)
    logits = made.module.linear[1](tokens)
    assert logits.shape == (4, 2) and torch.equal(logits.argmax(1), batch.labels[:, 0, 0])
    loss = torch.nn.functional.cross_entropy(logits, batch.labels[:, 0, 0])
    assert torch.allclose(made.module(1, batch), loss)  # both classes weigh the same
    assert set(default_head_files.trained_heads(tmp_path / "run", load_checkpoint(tmp_path / "run" / run.NAME))) == {S2}
