import pytest

from ofa_engine.tiling.axis import Axis, Blocks
from ofa_engine.tiling.plan import largest_batch, make_plan


@pytest.mark.parametrize("block", [(1, 20000), (16, 20000), (128, 128), (512, 512), (1024, 1024), (4000, 20000)])
@pytest.mark.parametrize(("bands", "bytes_per_value", "scores"), [(3, 2, 6), (9, 2, 20), (206, 4, 6)])
@pytest.mark.parametrize("budget_mb", [64, 1024])
def test_what_a_stripe_holds_stays_in_its_quarter(block, bands, bytes_per_value, scores, budget_mb):
    blocks = tuple(Blocks(size) for size in block)
    axis = Axis(20000, 112, 0.25)
    plan = make_plan(
        axis,
        axis,
        bands=bands,
        bytes_per_value=bytes_per_value,
        scores=scores,
        tile_gflop=0.3,
        budget_bytes=budget_mb * 2**20,
        on_cpu=True,
        blocks=blocks,
    )
    assert [a for a, _ in plan.stripes[1:]] == [b for _, b in plan.stripes[:-1]]
    assert plan.stripes[0][0] == 0 and plan.stripes[-1][1] == 20000
    assert sum(len(plan.tiles_of(stripe)) for stripe in plan.stripes) == len(plan.columns.starts)
    widest = max(plan.right_of(i) - stripe[0] for i, stripe in enumerate(plan.stripes))
    held = widest * (bands * bytes_per_value * (112 + plan.slices.size_px) + 112 * 4 * scores)
    assert held < budget_mb * 2**20 / 4 or widest == 112
    assert widest >= 4 * 112 or budget_mb == 64


def test_memory_does_not_grow_with_the_raster():
    small, large = (
        make_plan(
            Axis(size, 1000, 0.25),
            Axis(size, 1000, 0.25),
            bands=4,
            bytes_per_value=1,
            scores=6,
            tile_gflop=0.4,
            budget_bytes=2**30,
            on_cpu=True,
        )
        for size in (6000, 60000)
    )
    widest = [max(b - a for a, b in plan.stripes) for plan in (small, large)]
    assert widest[1] <= 1.3 * widest[0]
    assert small.batch == large.batch
    huge = make_plan(
        Axis(500, 100, 0),
        Axis(500, 100, 0),
        bands=3,
        bytes_per_value=1,
        scores=6,
        tile_gflop=1e3,
        budget_bytes=2**30,
        on_cpu=True,
    )
    assert huge.batch == 1


def test_a_batch_is_as_large_as_what_is_held_of_it_allows():
    def plan(**held):
        axis = Axis(4000, 256, 0.25)
        return make_plan(
            axis,
            axis,
            bands=4,
            bytes_per_value=2,
            scores=50,
            tile_gflop=0.1,
            **{"on_cpu": True, "budget_bytes": 2**29} | held,
        )

    def held(plan, scores):
        return plan.batch * 256**2 * 4 * (3 * 4 + scores * 50)

    in_turn, threaded, mirrored = plan(spare_core=False), plan(), plan(spare_core=False, scores_in_work=3)
    assert (in_turn.threaded, threaded.threaded, mirrored.threaded) == (False, True, False)
    for one, scores in ((in_turn, 1), (threaded, 3), (mirrored, 3)):
        assert 0.8 * 2**27 < held(one, scores) <= 2**27
    assert in_turn.stripes == threaded.stripes, "how stages run_stages cannot be seen in where stripes are"
    assert plan(on_cpu=False, spare_core=False).threaded, "a GPU's stages wait for it, not for each other"
    assert not plan(budget_bytes=2**25).threaded and plan(budget_bytes=2**25).batch == 1, "a tile would not fit"


@pytest.mark.parametrize(("on_cpu", "batches"), [(True, [32, 1, 1, 1]), (False, [256, 256, 114, 32])])
def test_batches_shrink_with_the_work_for_a_tile(on_cpu, batches):
    assert [largest_batch(gflop, on_cpu) for gflop in (0.1, 4.6, 17.5, 62)] == batches
