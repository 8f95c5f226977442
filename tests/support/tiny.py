"""Tiny models made on the spot, so that tests need neither weights nor a network.

Each function writes a directory that ``from_pretrained`` loads and returns its path. The weights
are random but seeded: what the models say is nonsense, and always the same nonsense.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

TEXT = """
a query is rewritten by a language model before the search engine sees it
the engine ranks passages for the query and the judges mark relevant documents
write a passage that answers the question, list keywords, think step by step
what is the boundary layer of a wing in supersonic flow? which vitamin helps bones?
you are a helpful assistant. user asks, assistant answers: yes, no, maybe. 0 1 2 3 4 5 6 7 8 9
""".strip()

CHAT_TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}</s>"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)

NO_SYSTEM_TEMPLATE = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    + CHAT_TEMPLATE
)

DEAF_TEMPLATE = CHAT_TEMPLATE.replace(
    "messages %}", "messages if message['role'] != 'system' %}", 1
)
"""Leaves system messages out without a word, as some templates do."""


def causal(
    path: Path, *, chat_template: str | None = CHAT_TEMPLATE, positions: int = 2048, seed: int = 0
) -> Path:
    """Write a Llama of two layers and 60,000 parameters; a base model has no template."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = _tokenizer(positions)
    tokenizer.chat_template = chat_template
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=positions,
        initializer_range=0.3,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    torch.manual_seed(seed)
    return _save(LlamaForCausalLM(config), tokenizer, path)


def seq2seq(path: Path, *, seed: int = 0) -> Path:
    """Write a T5 of two layers."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    tokenizer = _tokenizer(512, closing=True)
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=32,
        d_kv=8,
        d_ff=64,
        num_layers=2,
        num_heads=4,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        decoder_start_token_id=tokenizer.pad_token_id,
    )
    torch.manual_seed(seed)
    return _save(T5ForConditionalGeneration(config), tokenizer, path)


def encoder(path: Path, *, words: str = TEXT, seed: int = 0) -> Path:
    """Write a BERT of two layers without a head; its vocabulary is letters and the words given."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizer

    letters = [chr(i) for i in range(33, 127) if not chr(i).isupper()]
    found = sorted(set(words.replace("?", " ").replace(",", " ").split()))
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    entries = dict.fromkeys([*special, *letters, *(f"##{letter}" for letter in letters), *found])
    vocabulary = {entry: number for number, entry in enumerate(entries)}
    tokenizer = BertTokenizer(vocab=vocabulary, model_max_length=128)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=128,
    )
    torch.manual_seed(seed)
    return _save(BertModel(config), tokenizer, path)


def lora(path: Path, base: Path, *, seed: int = 0) -> Path:
    """Write a LoRA adapter for the causal model at ``base``, large enough to change its answers."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(base)
    config = LoraConfig(r=4, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")
    adapted = get_peft_model(model, config)
    torch.manual_seed(seed)
    for name, weights in adapted.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(weights, std=0.5)
    adapted.save_pretrained(path)
    return path


def _save(model: Any, tokenizer: Any, path: Path) -> Path:
    model.save_pretrained(path)
    tokenizer.save_pretrained(path)
    return path


def _tokenizer(max_length: int, *, closing: bool = False) -> Any:
    """Return a byte-level BPE tokenizer; ``closing`` ends every text with ``</s>`` as T5's does."""
    from tokenizers import Tokenizer
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    trained = Tokenizer.from_str(_trained())
    if closing:
        end = ("</s>", trained.token_to_id("</s>"))
        trained.post_processor = TemplateProcessing(single="$A </s>", special_tokens=[end])
    return PreTrainedTokenizerFast(
        tokenizer_object=trained,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        model_max_length=max_length,
    )


@lru_cache(maxsize=1)
def _trained() -> str:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=512,
        special_tokens=["<pad>", "<s>", "</s>", "<|system|>", "<|user|>", "<|assistant|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXT.splitlines(), trainer)
    text: str = tokenizer.to_str()
    return text
