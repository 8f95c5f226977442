"""The next turn, which a model made up, is no part of an answer."""

from __future__ import annotations

import pytest

from pyterrier_rewrite import Text

RED = ["red sofa"]


@pytest.mark.parametrize(
    "generation",
    [
        "red sofa<|im_end|>\n<|im_start|>user\nblue?<|im_end|>",
        "red sofa<|im_end|>\n<|im_start|>assistant\nblue sofa",
        "red sofa<|eot_id|>assistant\n\nblue sofa",
        "red sofa<|eot_id|>\nuser\n\nblue sofa",
        "red sofa<|end_of_text|>blue",
        "red sofa<|endoftext|>\n\nblue sofa",
        "red sofa</s>\n<s>[INST] blue",
        "red sofa</s><s>",
        "<s>red sofa</s>",
        "<s> red sofa",
        "<bos>red sofa<eos>",
        "red sofa<eos><eos>",
        "red sofa<pad><pad>",
        "red sofa<|pad|>",
        "red sofa<|END_OF_TURN_TOKEN|><|START_OF_TURN_TOKEN|><|USER_TOKEN|>blue",
        "red sofa<|end_of_role|>",
        "red sofa<|user|>\nblue",
        "red sofa<|assistant|>blue",
        "<|assistant|>\nred sofa",
        "red sofa<|end|>\n<|assistant|>",
        "red sofa<｜end▁of▁sentence｜><｜User｜>blue",
        "<｜Assistant｜>red sofa",
        "red sofa[INST]blue[/INST]",
        "[INST] couch [/INST] red sofa",
        "red sofa [/INST]",
        "red sofa<end_of_turn>",
        "<start_of_turn>model\nred sofa<end_of_turn>",
        "red sofa<turn|>",
        "<|turn>model\nred sofa<turn|>",
        "red sofa<|start_header_id|>user<|end_header_id|>\nblue",
        "<|start_header_id|>assistant<|end_header_id|>\n\nred sofa<|eot_id|>",
        "assistant\nred sofa",
        "assistant\n\nred sofa",
        "red sofa\n\nUser: blue?",
        "red sofa\n\nUser: blue?\n\nAssistant: blue sofa",
        "red sofa\nHuman: blue?",
        "red sofa\n\nQ: blue?\nA: blue sofa",
        "red sofa\n\nQuestion: blue?\nAnswer: blue",
        "red sofa\n\nQuestion: blue?\nRewritten: blue sofa",
        "red sofa\n\nConversation:\nUser: blue?",
        "red sofa\n\n### User:\nblue?",
        "red sofa\n\n### Input:\nblue",
        "red sofa\n### Instruction: blue",
        "red sofa\n\n## Example 2\nQuery: blue",
        "red sofa\n\nExample 2:\nQuery: blue",
        "red sofa\n\nInput: blue\nOutput: blue sofa",
        "red sofa\n---\nInput: blue",
        "red sofa\n\nUSER: blue?\nASSISTANT: blue sofa",
        "red sofa\n<|user|>: blue",
        "red sofa\n<human>: blue?",
        "red sofa\n<user>blue?</user>",
        "red sofa\nFollow-up question: blue?\nStandalone question: blue sofa",
        "red sofa\n\nContext: blah\nQuestion: blue?",
        "red sofa\nПользователь: синий?",
        "red sofa\nBenutzer: blau?\nAssistent: blaues Sofa",
        "red sofa\nUtilisateur : bleu ?",
        "red sofa\nUsuario: ¿azul?\nAsistente: sofá azul",
        "red sofa\n用户：蓝色？\n助手：蓝色沙发",
        "Assistant: red sofa\nUser: blue?",
        "<|assistant|>red sofa<|user|>",
        "red sofa<|eom_id|>",
        "red sofa<|fim_end|>",
        "red sofa<|reserved_special_token_0|>",
        "red sofa<0x0A>",
        "red sofaĊ",
        "red▁sofa",
        "red sofa<|diff_marker|>",
        "red sofa<unk>",
        "red sofa</assistant>",
        "<assistant>red sofa</assistant>",
        "<|im_start|>red sofa<|im_end|>",
        "<|im_start|>assistant<|im_sep|>red sofa<|im_end|>",
        "red sofa<|return|><|start|>user<|message|>blue",
        "red sofa<|call|>",
        "red sofa<extra_id_0>",
        "red sofa<EOT>",
        "red sofa <END>",
        "red sofa [END]",
        "red sofa ###",
        "red sofa\n\n###",
        'red sofa\n"""',
        "red sofa\n```",
        "red sofa\n\n---",
    ],
)
def test_before_next_turn_text(generation):
    assert Text()(generation) == RED


@pytest.mark.parametrize(
    "generation",
    [
        "red sofa\n\nExample 3\nQuery: blue\nRewrite: blue sofa",
        "Last turn: a couch?\nRewrite: red sofa\n\nLast turn: blue?\nRewrite: blue sofa",
        "red sofa\n\nKullanıcı: mavi?",
        "red sofa\n\nUżytkownik: niebieska?",
        "red sofa\n\nالمستخدم: أزرق؟",
        "red sofa\n\nAnvändare: blå?",
        "red sofa\\n",
        "red sofa\\n\\nUser: blue?",
    ],
)
def test_before_next_turn_in_other_words(generation):
    assert Text()(generation) == RED
