"""losses.csv of a run: exact, and continued where a run is resumed."""

from pathlib import Path


class LossLog:
    """losses.csv: step, epoch, sensor, loss, lr; the loss as Python writes a float, so that it is exact."""

    def __init__(self, folder: Path, first_step: int):
        """Keeps the rows before `first_step`: later ones are of steps that will be repeated."""
        self.path = folder / "losses.csv"
        kept = ["step,epoch,sensor,loss,lr\n"]
        if first_step and self.path.exists():
            lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)[1:]
            kept += [line for line in lines if line.endswith("\n") and int(line.split(",")[0]) < first_step]
        self.path.write_text("".join(kept), encoding="utf-8")

    def add(self, rows: list[tuple[int, int, str, float, float]]) -> None:
        """Appends rows of step, epoch, sensor, loss and learning rate."""
        with self.path.open("a", encoding="utf-8") as file:
            file.writelines(f"{s},{e},{sensor},{loss!r},{lr!r}\n" for s, e, sensor, loss, lr in rows)
