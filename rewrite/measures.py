"""Measures of ir-measures by name, or an error that says which was meant."""

from __future__ import annotations

from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import ir_measures

from .errors import near


def measure_of(named: Any) -> Any:
    """Return a measure of ir-measures.

    Args:
        named: Its name, such as ``"nDCG@10"``, or the measure itself.

    Raises:
        ValueError: If there is none of that name, a parameter is missing or wrong, or it needs a
            package that is not installed.

    Example:
        >>> measure_of("nDCG@10")
        nDCG@10
    """
    if isinstance(named, ir_measures.measures.Measure):
        measure = named
    else:
        try:
            measure = ir_measures.parse_measure(named)
        except (ValueError, NameError, TypeError) as error:
            raise ValueError(f"{named!r} is no measure of ir-measures{_meant(named)}") from error
    try:
        measure.validate_params()
    except AssertionError as error:
        raise ValueError(
            f"{named!r} lacks a parameter, or has a wrong one, such as P without @10 ({error})"
        ) from error
    if not ir_measures.DefaultPipeline.supports(measure):
        raise ValueError(f"{named!r} needs a package that is not installed")
    return measure


def _meant(named: object) -> str:
    """Return a hint at the measure that a name, perhaps one of trec_eval's, stands for."""
    if not isinstance(named, str):
        return "; give its name, such as 'nDCG@10'"
    try:
        with redirect_stdout(StringIO()):
            found = ir_measures.parse_trec_measure(named)
        return f"; did you mean {str(found[0])!r}?"
    except Exception:  # it prints, asserts and raises as it likes
        return near(named.partition("@")[0], sorted(ir_measures.measures.registry))
