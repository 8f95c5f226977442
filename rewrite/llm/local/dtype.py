"""The number format that a model of transformers is loaded in when none is asked for."""

from __future__ import annotations

from typing import Any


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
