"""A token classifier of transformers, loaded for inference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import RewriteError
from ...extras import need, quiet_loading


def load_classifier(name: str | Path, device: str | None) -> tuple[Any, Any]:
    """Load a token classifier with two classes, and its tokenizer.

    Args:
        name: Directory or hub name.
        device: Device as torch names it; None takes the GPU if there is one.

    Raises:
        MissingExtraError: If torch or transformers is missing.
        RewriteError: If there is no such model, or it is of another kind.
    """
    torch, transformers = need("torch", "hf"), need("transformers", "hf")
    try:
        with quiet_loading():
            model, report = transformers.AutoModelForTokenClassification.from_pretrained(
                name, output_loading_info=True
            )
            tokenizer = transformers.AutoTokenizer.from_pretrained(name, add_prefix_space=True)
    except Exception as error:  # each library and file format fails in its own way
        raise RewriteError(
            f"cannot load {str(name)!r} as a token classifier: {error}\nExpected the name of a "
            "model on the hub (downloaded before, if this machine is offline) or a directory "
            "with config, tokenizer and weights, as train_quretec writes it"
        ) from error
    missing = sorted(report["missing_keys"])
    if missing:  # transformers would go on with random numbers in their place
        raise RewriteError(
            f"{str(name)!r} is no trained token classifier: it lacks {missing}; train it with "
            "train_quretec first"
        )
    if model.config.num_labels != 2 or not tokenizer.is_fast:
        raise RewriteError(
            f"expected a token classifier with two classes and a fast tokenizer, found "
            f"{model.config.num_labels} classes and {type(tokenizer).__name__} in {str(name)!r}"
        )
    if device is None:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return model.to(device).eval(), tokenizer
