"""Small rewriters from scratch: minutes to train on a laptop, milliseconds a query."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from ..extras import need, quiet_loading
from ..llm.local.transformers import TransformersLLM
from ..parsing.parsers import Parser, Text
from ..prompting.formulation import Formulation, RepeatTerms
from ..prompting.llm_rewriter import LLMRewriter
from ..prompting.prompt import Prompt

BARE: Final = Prompt("scratch/query", 1, (("user", "{query}"),), ("query",))
"""The query and nothing else: a model from scratch knows its task, and every token costs."""

_PAD, _BEGIN, _END, _TURN = "<pad>", "<s>", "</s>", "<turn>"

# a prompt ends with <turn>, an answer with </s>
_CHAT_TEMPLATE = (
    "{% for message in messages %}{{ message['content'] }}"
    f"{{{{ '{_END}' if message['role'] == 'assistant' else '{_TURN}' }}}}{{% endfor %}}"
)

_HEAD: Final = 32
"""Width of an attention head, and the step in which the model's width is chosen."""


def scratch_rewriter(
    path: str | Path,
    texts: Iterable[str],
    *,
    parameters: int = 3_000_000,
    vocab_size: int = 4000,
    layers: int = 2,
    context: int = 256,
    prompt: Prompt | str = BARE,
    parser: Parser | None = None,
    formulation: Formulation | None = None,
    max_tokens: int = 16,
    n: int = 1,
    temperature: float = 0.0,
    seed: int = 0,
) -> LLMRewriter:
    """Make a small rewriter whose weights are random: train it before use.

    A byte-level tokenizer (BPE, lower case) is fitted to the texts, so that most of their words
    are one token and no query is outside the vocabulary; the model is a Llama as wide as
    ``parameters`` allow. Documents and queries of the collection are the texts to give: the
    model reads the words of the ones and writes the words of the others.

    Args:
        path: Folder for model and tokenizer, empty or not there.
        texts: What the tokenizer is fitted to.
        parameters: Most numbers in the model, 1 to 5 million for the purpose.
        vocab_size: Most tokens, at least 300; a small collection has fewer.
        layers: Depth, at least 1. Each costs time a token; two learn a word-to-word mapping.
        context: Most tokens of prompt and answer together.
        prompt: How a query is shown to the model.
        parser: How a generation is read; by default as one text.
        formulation: How the new query is formed; by default query and answer as terms of the
            same weight, :class:`~pyterrier_rewrite.RepeatTerms` with ``n=1``.
        max_tokens: Longest answer.
        n: Answers a query, all of which make up the new query.
        temperature: 0 is greedy; over 0 where ``n`` is over 1.
        seed: Of the random weights, and of the answers.

    Returns:
        A rewriter that any method of :mod:`pyterrier_rewrite.training` can train.

    Raises:
        ValueError: If ``path`` holds files, there is no text, or the parameters do not suffice
            for the vocabulary.
        MissingExtraError: If torch or transformers is missing.

    Example:
        >>> texts = [*topics["query"], *(d["text"] for d in corpus)]      # doctest: +SKIP
        >>> rewriter = scratch_rewriter("runs/small", texts)              # doctest: +SKIP
        >>> rewriter = sft(rewriter, pairs, output_dir="runs/warm", learning_rate=2e-3, epochs=20)
        ... # doctest: +SKIP
    """
    need("torch", "hf")
    need("transformers", "hf")
    path = Path(path)
    if path.exists() and any(path.iterdir()):
        raise ValueError(f"{path} should be an empty folder, or not exist; take another one")
    tokenizer = _tokenizer(texts, vocab_size, context)
    model = _model(tokenizer, parameters, layers, context, seed)
    with quiet_loading():
        model.save_pretrained(path)
        tokenizer.save_pretrained(path)
    return LLMRewriter(
        TransformersLLM(path, batch_size=128),
        prompt=prompt,
        parser=Text() if parser is None else parser,
        formulation=RepeatTerms(1.0) if formulation is None else formulation,
        max_tokens=max_tokens,
        n=n,
        temperature=temperature,
        seed=seed,
    )


def widest(parameters: int, *, vocab_size: int, layers: int) -> int:
    """Return the largest width of a model with at most so many parameters.

    Raises:
        ValueError: If not even the narrowest one is small enough.
    """
    width = 0
    while count_parameters(width + _HEAD, vocab_size=vocab_size, layers=layers) <= parameters:
        width += _HEAD
    if not width:
        least = count_parameters(_HEAD, vocab_size=vocab_size, layers=layers)
        raise ValueError(
            f"parameters should be at least {least:,} for {vocab_size:,} tokens and {layers} "
            f"layers, found {parameters:,}; allow more, or lower vocab_size"
        )
    return width


def count_parameters(width: int, *, vocab_size: int, layers: int) -> int:
    """Return the parameters of a model: embeddings in and out, then its layers."""
    attention, feed_forward, norms = 4 * width**2, 3 * width * 3 * width, 2 * width
    return 2 * vocab_size * width + layers * (attention + feed_forward + norms) + width


def _tokenizer(texts: Iterable[str], vocab_size: int, context: int) -> Any:
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    special = [_PAD, _BEGIN, _END, _TURN]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    if vocab_size < len(alphabet) + len(special):
        raise ValueError(
            f"vocab_size should be at least {len(alphabet) + len(special)} (every byte and the "
            f"special tokens), found {vocab_size}"
        )
    texts = [text for text in texts if text.strip()]
    if not texts:
        raise ValueError("expected the collection's texts and queries, found no text at all")
    fitted = Tokenizer(models.BPE())
    fitted.normalizer = normalizers.Lowercase()
    fitted.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    fitted.decoder = decoders.ByteLevel()
    fitted.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=vocab_size,
            special_tokens=special,
            initial_alphabet=sorted(alphabet),
            show_progress=False,
        ),
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=fitted,
        bos_token=_BEGIN,
        eos_token=_END,
        pad_token=_PAD,
        extra_special_tokens=[_TURN],
        model_max_length=context,
    )
    tokenizer.chat_template = _CHAT_TEMPLATE
    return tokenizer


def _model(tokenizer: Any, parameters: int, layers: int, context: int, seed: int) -> Any:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    width = widest(parameters, vocab_size=len(tokenizer), layers=layers)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=3 * width,
        num_hidden_layers=layers,
        num_attention_heads=width // _HEAD,
        num_key_value_heads=width // _HEAD,
        max_position_embeddings=context,
        tie_word_embeddings=False,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return LlamaForCausalLM(config)
