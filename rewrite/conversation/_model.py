"""Models of transformers that a conversational rewriter loads itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from .._quiet import quiet_loading
from ..errors import RewriteError
from ..llm._local import need


def load_model(
    name: str | Path, kind: Literal["TokenClassification", "Seq2SeqLM"], device: str | None
) -> tuple[Any, Any]:
    """Load a model for inference, and its tokenizer.

    Args:
        name: Directory or hub name.
        kind: What the model is for, as transformers names it.
        device: Device as torch names it; None takes the GPU if there is one.

    Raises:
        MissingExtraError: If torch or transformers is missing.
        RewriteError: If there is no such model, or it is of another kind.
    """
    torch, transformers = need("torch", "hf"), need("transformers", "hf")
    auto = getattr(transformers, f"AutoModelFor{kind}")
    try:
        with quiet_loading():
            model, report = auto.from_pretrained(name, output_loading_info=True)
            tokenizer = transformers.AutoTokenizer.from_pretrained(name, add_prefix_space=True)
    except Exception as error:  # each library and file format fails in its own way
        raise RewriteError(
            f"cannot load {str(name)!r} as a model for {kind}: {error}\n"
            "Expected the name of a model on the hub (downloaded before, if this machine is "
            "offline) or a directory with config, tokenizer and weights, as save_pretrained "
            "writes it"
        ) from error
    missing = sorted(report["missing_keys"])
    if missing:  # transformers would go on with random numbers in their place
        raise RewriteError(
            f"{str(name)!r} is not trained for {kind}: it lacks {len(missing)} weights "
            f"({missing[0]}, …); train it first"
        )
    if device is None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return model.to(device).eval(), tokenizer
