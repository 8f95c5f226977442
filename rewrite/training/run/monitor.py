"""The bookkeeping of a run: its table, its picture, its best weights, and what looks wrong."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import Any, Final

from .errors import TrainingWarning
from .settings import Validated, Validation

WINDOW: Final = 20
"""Steps over which a curve is averaged before it is judged."""

_FROM_TRL: Final[dict[str, tuple[str, ...]]] = {
    "loss": ("loss",),
    "reward": ("reward", "rewards/margins"),
    "reward_std": ("reward_std",),
    "validation": (),  # ours
    "unanswered": (),
    "entropy": ("entropy",),
    "length": ("completions/mean_length",),
    "zero_spread": ("frac_reward_zero_std",),
    "copies": ("copies",),
    "unparsable": ("unparsable",),
    "kl": ("kl",),
    "learning_rate": ("learning_rate",),
}
"""What is measured, and what TRL calls it."""

COLUMNS: Final = ("step", *_FROM_TRL)
"""Columns of ``training.csv``; a cell is empty where a method does not measure it."""

Row = dict[str, float]


class Monitor:
    """Writes ``training.csv`` line by line, knows the best validation, and warns once of each.

    Args:
        folder: Where the table and the picture go.
        validation: The validation, if there is one.
        raw: What raw queries reach in it.
        start: The step that a resumed run goes on from; later lines are dropped and come again.
    """

    def __init__(
        self,
        folder: Path,
        validation: Validation | None,
        *,
        raw: float | None = None,
        start: int = 0,
    ) -> None:
        self.folder = folder
        self.validation = validation
        self.raw = raw
        self.rows: list[Row] = [
            row for row in read_table(self.table) if start and row["step"] <= start
        ]
        self._pending: Row | None = None
        self._warned: set[str] = set()

    @property
    def table(self) -> Path:
        """The path of the table."""
        return self.folder / "training.csv"

    def begin(self) -> None:
        """Write the table up to where the run starts."""
        with self.table.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(self.rows)

    def validated(self, step: int, found: Validated) -> bool:
        """Note a validation, and say whether it is the best so far."""
        best = self.best
        values = {"validation": found.value, "unanswered": found.unanswered}
        self._pending = {"step": step, **values}
        if step == 0:
            self.record(0, {})
        return best is None or found.value > best

    def record(self, step: int, logs: Mapping[str, Any]) -> None:
        """Note one step, as TRL logs it."""
        row: Row = {"step": step}
        for column, names in _FROM_TRL.items():
            value = next((logs[name] for name in names if logs.get(name) is not None), None)
            if value is not None:
                row[column] = float(value)
        if self._pending is not None:
            row = {**row, **self._pending, "step": step}
            self._pending = None
        self.rows.append(row)
        with self.table.open("a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, COLUMNS).writerow(row)
        self._judge()

    @property
    def best(self) -> float | None:
        """The best validation so far."""
        return max((row["validation"] for row in self._validations()), default=None)

    @property
    def best_step(self) -> int | None:
        """The step of the best validation, the first of equals."""
        kept = self._kept
        return None if kept is None else int(kept["step"])

    @property
    def unanswered(self) -> float | None:
        """The share of queries without an answer in the best validation."""
        return None if self._kept is None else self._kept.get("unanswered")

    @property
    def _kept(self) -> Row | None:
        at = self._validations()
        return max(at, key=lambda row: (row["validation"], -row["step"]), default=None)

    @property
    def patience_is_over(self) -> bool:
        """Whether the last validations brought no new best, as many as the patience allows."""
        patience = self.validation.patience if self.validation else None
        best = self.best_step
        if patience is None or best is None:
            return False
        return sum(row["step"] > best for row in self._validations()) >= patience

    def _validations(self) -> list[Row]:
        noted = [row for row in self.rows if "validation" in row]
        return noted if self._pending is None else [*noted, self._pending]

    # -- what looks wrong ------------------------------------------------------------------

    def _judge(self) -> None:
        now = self._mean("entropy", last=True)
        sampled = "reward_std" in self.rows[-1]  # learning from targets, it should fall
        if sampled and len(self.rows) >= 2 * WINDOW and now < 0.2 * self._mean("entropy"):
            self._warn(
                "entropy collapse",
                f"the entropy fell to {now:.2g}, less than a fifth of what it was: the model writes"
                " the same whatever it reads. Warm-start it, lower the learning rate, raise the "
                "temperature or beta, or put a guard against constant texts into the reward",
            )
        if self._mean("zero_spread", last=True) > 0.7:
            self._warn(
                "zero spread",
                "more than 70 % of the groups give all their candidates the same reward and teach "
                "nothing. Leave out queries that are solved or hopeless, enlarge the group, raise "
                "the temperature, or take a finer reward (a measure with a deeper cut-off)",
            )
        if self._mean("copies", last=True) > 0.5:
            self._warn(
                "copies",
                "more than half of the generations repeat the query. Start from a model that "
                "rewrites (training.sft), or make the reward relative to the original query",
            )
        if self._mean("unparsable", last=True) > 0.5:
            self._warn(
                "unparsable",
                "more than half of the generations cannot be read by the parser. Show the form in "
                "the prompt, raise max_tokens, or warm-start the model",
            )
        length, before = self._mean("length", last=True), self._mean("length")
        if len(self.rows) >= 2 * WINDOW and (length < before / 2 or length > before * 2):
            self._warn(
                "length drift",
                f"generations went from {before:.1f} to {length:.1f} tokens. Bound the length in "
                "the reward, or use loss_type='dr_grpo'",
            )
        self._judge_validation()

    def _judge_validation(self) -> None:
        noted = self._validations()
        best = self.best_step
        if best is None or len(noted) < 3 or "validation" not in self.rows[-1]:
            return
        before, last = noted[-2:]
        if not (last["validation"] < before["validation"] and before["step"] > best):
            return
        rewards = {int(row["step"]): row["reward"] for row in self.rows if "reward" in row}
        early = [value for step, value in rewards.items() if step <= best][-WINDOW:]
        late = list(rewards.values())[-WINDOW:]
        if early and fmean(late) > fmean(early):
            self._warn(
                "rising reward, falling validation",
                f"the reward rises, but the validation fell to {last['validation']:.4f} from its "
                f"best of {self.best:.4f} at step {best}: the model games the reward or "
                "overfits. The best weights are kept; use patience to stop, "
                "more queries, a smaller learning rate, or a reward closer to the measure",
            )

    def _mean(self, column: str, *, last: bool = False) -> float:
        """Return the mean of a column over its last steps or its first; NaN if too few."""
        values = [row[column] for row in self.rows if column in row]
        if len(values) < WINDOW:
            return float("nan")
        return fmean(values[-WINDOW:] if last else values[:WINDOW])

    def _warn(self, what: str, text: str) -> None:
        if what not in self._warned:
            self._warned.add(what)
            step = int(self.rows[-1]["step"])
            warnings.warn(f"{what} at step {step}: {text}", TrainingWarning, stacklevel=2)

    # -- the picture -----------------------------------------------------------------------

    def draw(self) -> None:
        """Draw the curves into ``training.png``."""
        from matplotlib.figure import Figure

        measure = str(self.validation.measure) if self.validation else "validation"
        panels = (
            ("reward" if any("reward" in row for row in self.rows) else "loss", "reward"),
            ("validation", measure),
            ("entropy", "entropy"),
            ("length", "tokens"),
        )
        figure = Figure(figsize=(10, 6), layout="constrained")
        for axes, (column, label) in zip(figure.subplots(2, 2).flat, panels, strict=True):
            points = [(row["step"], row[column]) for row in self.rows if column in row]
            if points:
                steps, values = zip(*points, strict=True)
                axes.plot(steps, values, marker="o" if column == "validation" else "", lw=1)
                if column == "validation" and self.raw is not None:
                    axes.axhline(self.raw, color="grey", ls="--", lw=1, label="raw queries")
                    axes.legend()
            axes.set(title=label if column != "loss" else "loss", xlabel="step")
        figure.savefig(self.folder / "training.png", dpi=100)


def read_table(path: Path) -> list[Row]:
    """Return the rows of a ``training.csv``, or none if there is no such file."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    numbers = [{name: float(cell) for name, cell in row.items() if cell} for row in rows]
    return [{**row, "step": int(row["step"])} for row in numbers]
