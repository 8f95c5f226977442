"""The number format that a model of transformers is loaded in when none is asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

QUANTISED: Final = "quantised"
"""What is said of blocks of less than 16 bits, which are unpacked."""


def number_format(dtype: str | None, *, device: str | None, stored: str | None) -> str:
    """Return the number format that a model is computed in, as torch names it.

    Args:
        dtype: What was asked for; None takes what suits the device, ``"auto"`` the checkpoint's.
        device: A device as torch names it; None takes the GPU if there is one.
        stored: The number format of the checkpoint, or :data:`QUANTISED`; None if it is not known.

    Returns:
        The format; ``"auto"`` where it cannot be known here.
    """
    if dtype not in (None, "auto"):
        return str(dtype)
    if stored is None:
        return "auto"
    if dtype is None:
        try:
            import torch
        except ImportError:  # a cache can be read without
            return "auto"
        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        its = None if stored == QUANTISED else getattr(torch, stored)
        dtype = fitting_dtype(torch.device(device), its)
    return stored if dtype == "auto" and stored != QUANTISED else dtype


def stored_format(model: str | Path, *, revision: str | None, gguf_file: str | None) -> str | None:
    """Return the number format of a checkpoint, without a request; None if it is not here."""
    if gguf_file is not None:
        return QUANTISED
    file: Any = Path(model) / "config.json"
    if not file.is_file():
        try:
            from huggingface_hub import try_to_load_from_cache

            file = try_to_load_from_cache(str(model), "config.json", revision=revision)
        except (ImportError, ValueError):  # or it is no name of a model
            return None
    if not isinstance(file, str | Path):
        return None
    try:
        config = json.loads(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    places = (config, config.get("text_config") or {})
    said = (place.get(key) for place in places for key in ("dtype", "torch_dtype"))
    return str(next(filter(None, said), "float32"))


def fitting_dtype(device: Any, stored: Any) -> str:
    """Return the number format that suits a device, as torch names it.

    Weights in 16 bits are computed in bfloat16 where a CPU multiplies it itself, which takes a
    third to a quarter of the time and half the memory of float32. Weights in 32 bits stay what
    they are on a CPU: whoever stored them so may count on them, and a small model gains nothing.

    Args:
        device: A device of torch.
        stored: The number format of the checkpoint, as a dtype of torch; None for quantised
            blocks, which hold less than 16 bits.
    """
    import torch

    if stored is not None and device.type != "cpu":
        return "auto"
    if stored == torch.float32:
        return "float32"
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float16"
    return "bfloat16" if device.type == "cpu" and cpu_multiplies_bfloat16() else "float32"


def cpu_multiplies_bfloat16() -> bool:
    """Return whether the processor has AMX or AVX512-BF16."""
    import torch

    # torch has no public name for them yet; without these, float32 is the safe choice
    probes = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(getattr(torch.cpu, probe, bool)() for probe in probes)
