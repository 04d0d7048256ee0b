"""What a head was fitted on and how well it does, in the user's words. `training` is that part of its header."""

from ..engine.modules import catalog
from ..i18n.texts import tr


def fitted_on(training: dict) -> str:
    """What it was fitted on, in one sentence; empty where its file does not say."""
    if training.get("simulated"):
        return tr("Fitted on simulated scenes, not on real ones")
    if training.get("teacher"):
        count = len(training.get("rasters") or [])
        text = tr("Learned from the map that {teacher} makes of your scenes ({count}): it repeats its errors")
        return text.format(teacher=training["teacher"], count=count)
    if training.get("fitted_on"):
        return tr("Fitted on {what}").format(what=training["fitted_on"])
    rasters = training.get("rasters") or []
    if len(rasters) == 1:
        return tr("Fitted on one scene, {name}").format(name=rasters[0])
    return tr("Fitted on {count} scenes").format(count=len(rasters)) if rasters else ""


def meant_for(head: catalog.ModelFile) -> str:
    """The pixel sizes that it is meant for; empty for any."""
    return "" if head.gsd_m is None else tr("pixels of {low:.3g} to {high:.3g} m").format(**_range(head))


def misfit(head: catalog.ModelFile, gsd_m: float | None) -> str:
    """That it is meant for pixels of another size than those of a raster; empty where it is not."""
    if head.gsd_factor(gsd_m) == 1:
        return ""
    text = tr("Fitted for pixels of {low:.3g} to {high:.3g} m; this raster has {found:.3g} m")
    return text.format(found=gsd_m, **_range(head))


def score_line(training: dict, task: str | None) -> str:
    """How accurate it is and how that was measured, in one line."""
    if training.get("teacher"):
        return _agreement_line(training)
    scores = _measured(training)
    if not scores:
        tried = training.get("validation")
        return tr("Not scored: for that each class needs polygons in two places") if tried else tr("Not scored")
    what = tr("tiles") if task == "classify" else tr("pixels")
    unscored = ", ".join(str(name) for name in scores.get("not_scored") or ())
    more = tr("; not scored: {names}").format(names=unscored) if unscored else ""
    places = scores.get("places", "?")
    numbers = {"miou": scores["miou"], "accuracy": scores["accuracy"], "what": what, "places": places}
    return _sentence(training, scores).format(**numbers) + more


def short_score(training: dict) -> str:
    """For a list of heads: a number only where it compares with that of others."""
    if training.get("teacher"):
        return tr("copies another")
    scores = _measured(training)
    if not scores:
        return "-"
    if training.get("simulated"):
        return tr("simulated scenes")
    if _is_of_one_scene(training, scores):
        return tr("one scene")
    return tr("IoU {number:.2f}").format(number=scores["miou"])


def _sentence(training: dict, scores: dict) -> str:
    one_scene = _is_of_one_scene(training, scores)
    if scores is training.get("validation"):
        if one_scene:
            return tr(
                "Cross-validated in one scene: mean IoU {miou:.2f}, accuracy {accuracy:.0%}; not tested on others"
            )
        return tr("Cross-validated: mean IoU {miou:.2f}, accuracy {accuracy:.0%}")
    if training.get("simulated"):
        return tr("{accuracy:.0%} of the {what} right in simulated scenes that it has not seen; mean IoU {miou:.2f}")
    if one_scene:
        return tr("{accuracy:.0%} of the {what} right in one scene that it has not seen; not tested on others")
    return tr("{accuracy:.0%} of the {what} right in {places} places that it has not seen; mean IoU {miou:.2f}")


def _agreement_line(training: dict) -> str:
    """Of a head that another one has taught: no accuracy, and said so."""
    share = (training.get("agreement") or {}).get("accuracy")
    if not isinstance(share, int | float):
        return tr("Not scored")
    text = tr("Agrees with its teacher on {share:.0%} of the pixels that this is sure of; not compared with labels")
    return text.format(share=share)


def _measured(training: dict) -> dict:
    """Its scores on places that it has not seen, else the cross-validated ones; empty where it has none."""
    for key in ("held_out", "validation"):
        found = training.get(key) or {}
        if all(isinstance(found.get(name), int | float) for name in ("miou", "accuracy")):
            return found
    return {}


def _is_of_one_scene(training: dict, scores: dict) -> bool:
    """Whether these scores were measured in a single scene."""
    if scores is training.get("validation"):
        return len(training.get("rasters") or ()) == 1
    return scores.get("places") == 1


def _range(head: catalog.ModelFile) -> dict[str, float]:
    return dict(zip(("low", "high"), head.gsd_m or (), strict=False))
