"""What a model thinks is no part of its answer, in whatever tag or channel it thinks."""

from __future__ import annotations

import pytest

from pyterrier_rewrite import Queries, Terms, Text

RED = ["red sofa"]
BOTH = ["red sofa", "blue sofa"]
TERMS = ["sofa", "couch"]


@pytest.mark.parametrize(
    "generation",
    [
        "<think>\n\n</think>\n\nred sofa",
        "</think>\n\nred sofa",
        "<Think>hm</Think>\nred sofa",
        "<THINKING>hm</THINKING>\n\nred sofa",
        "<think>hm</think>\n<think>hm again</think>\nred sofa",
        "<think>hm <think>inner</think> outer</think>\nred sofa",
        "<antThinking>The user wants a seat.</antThinking>\nred sofa",
        "<thinking>hm</thinking>red sofa",
        "<analysis>The user wants a seat.</analysis>\n<query>red sofa</query>",
        "<thought_process>hm</thought_process>\n\nred sofa",
        "<reason>hm</reason>\nred sofa",
        "<plan>1. look\n2. write</plan>\nred sofa",
        "<chain_of_thought>hm</chain_of_thought><final>red sofa</final>",
        "<cot>hm</cot>red sofa",
        "<Thought>The user wants a seat</Thought>\n<Output>red sofa</Output>",
        "<|thinking|>hm<|/thinking|>red sofa",
        "<|begin_of_thinking|>hm<|end_of_thinking|>red sofa",
        "[thinking]hm[/thinking]\nred sofa",
        "[THINK]\nhm\n[/THINK]\n\nred sofa",
        "<｜begin▁of▁thinking｜>hm<｜end▁of▁thinking｜>red sofa",
        "<unused94>thought\nThe user wants a seat.<unused95>red sofa",
        "<|start|>assistant<|channel|>final<|message|>red sofa<|return|>",
        "assistantfinalred sofa",
        "Here is my thought process:\nThe user wants a seat.\nHere is my response:\nred sofa",
        "Thought: I need to rewrite this.\nFinal Answer: red sofa",
        "Let's think step by step. The user wants a seat.\n\nRewritten query: red sofa",
        "Step 1: The user wants a seat.\nStep 2: Name the colour.\nFinal query: red sofa",
        "**Thinking:**\nThe user wants a seat.\n\n**Final Answer:**\nred sofa",
        "## Reasoning\n\nThe user wants a seat, so we name it.\n\n## Final Query\n\nred sofa",
        "### Thought Process\n- The user wants a seat\n- It should be red\n\n### Answer\nred sofa",
        "*Reasoning*: The user wants a seat.\n*Query*: red sofa",
        "Explanation: The user wants a seat.\nQuery: red sofa",
        "<details><summary>Thinking</summary>\nThe user wants a seat.\n</details>\n\nred sofa",
        "The user wants a seat.</think>red sofa",
        "hm</reasoning>\nred sofa",
        '<thought>hm</thought>{"query": "red sofa"}',
        "\\boxed{red sofa}",
        "**Final Answer**\n\\[ \\boxed{red sofa} \\]",
        "Thus the answer is \\boxed{\\textbf{red sofa}}.",
        "<think>hm</think>\n\n**Answer:** \\boxed{\\text{red sofa}}",
        "\\(\\boxed{\\text{red sofa}}\\)",
        "<response>red sofa</response>",
        "<think>hm</think>\n<response>\nred sofa\n</response>",
        "Thoughts: The user wants a seat.\n\nResponse: red sofa",
        "<|reasoning|>hm<|/reasoning|>\nred sofa",
        "<internal>hm</internal>red sofa",
        "<thinking_process>hm</thinking_process>\n\nred sofa",
        "```thinking\nThe user wants a seat.\n```\nred sofa",
        "<longcat_think>hm</longcat_think>red sofa",
        '<think>hm</think>Rewritten Query: "red sofa"',
        "<Reasoning>\nhm\n</Reasoning>\n\n<Rewritten Query>\nred sofa\n</Rewritten Query>",
        "<seed:think>hm</seed:think>\n\nred sofa",
        "Analysis: The user wants a seat.\n\nRewritten question: red sofa",
        "Chain of thought: the user wants a seat.\nOutput: red sofa",
        "<think>\nOkay.\n\nQuery: couch\n</think>\n\n**red sofa**",
        "<thinking>They want <b>a seat</b>.</thinking>\nred sofa",
        "<|thought|>hm<|/thought|>red sofa",
        "<|begin_of_reasoning|>hm<|end_of_reasoning|>red sofa",
        "⟨think⟩hm⟨/think⟩red sofa",
        "<thoughts>\n- a\n- b\n</thoughts>\nred sofa",
        "<my_thoughts>hm</my_thoughts>\nred sofa",
        "<internal_reasoning>hm</internal_reasoning>\nred sofa",
        "<step_by_step>hm</step_by_step>\n<answer>red sofa</answer>",
        "<brainstorm>a, b</brainstorm>\nred sofa",
        "<self_reflection>hm</self_reflection>red sofa",
        "<rationale>hm</rationale>\n<rewrite>red sofa</rewrite>",
        "**Thought:** The user wants a seat.\n\n**Query:** red sofa",
        "Thought: The user wants a seat.\n\nred sofa",
        "Reasoning:\n1. The user wants a seat.\n2. It is red.\n\nRewritten query: red sofa",
        "# Thinking\nThe user wants a seat.\n\n# Output\nred sofa",
        "--- Thinking ---\nThe user wants a seat.\n--- Answer ---\nred sofa",
        "Okay, let me think. The user wants a seat.\n\nFinal answer: red sofa",
        "First, I identify the topic: seats. Then I add the colour.\n\nRewritten query: red sofa",
        "[Reasoning] The user wants a seat.\n[Answer] red sofa",
        "<|channel|>analysis<|message|>hm<|end|><|channel|>final<|message|>red sofa",
        "analysis: The user wants a seat.\nfinal: red sofa",
        "$$\\boxed{\\text{red sofa}}$$",
        "The final answer is: $\\boxed{\\text{red sofa}}$",
        '\\boxed{"red sofa"}',
        "\\fbox{red sofa}",
        "Überlegung: Der Nutzer will ein Sofa.\nUmformulierte Frage: red sofa",
        "推論：ユーザーはソファを探している。\n書き換え：red sofa",
        "추론: 사용자는 소파를 원한다.\n질문: red sofa",
        "Рассуждение: пользователь хочет диван.\nОтвет: red sofa",
        "<pensamiento>hm</pensamiento>red sofa",
        "<思考>hm</思考>red sofa",
        "<réflexion>hm</réflexion>red sofa",
        '<Thinking time="3s">hm</Thinking>red sofa',
        "<think time=3>hm</think>red sofa",
        "<|think|>hm<|/think|>red sofa",
        "<reasoning_content>hm</reasoning_content>red sofa",
        "> Thinking: the user wants a seat\n\nred sofa",
        "<assistant_thinking>hm</assistant_thinking>red sofa",
    ],
)
def test_after_thoughts_text(generation):
    assert Text()(generation) == RED


@pytest.mark.parametrize(
    ("generation", "parts"),
    [
        ("Denkprozess: Der Nutzer will ein Sofa.\nAntwort: rotes Sofa", ["rotes Sofa"]),
        ("思考：用户想要沙发。\n答案：红色沙发", ["红色沙发"]),
        ("思考过程：用户想要沙发。\n改写：红色沙发", ["红色沙发"]),
        ("Raisonnement : l’utilisateur veut un siège.\nRequête : canapé rouge", ["canapé rouge"]),
        ("Razonamiento: el usuario quiere un asiento.\nConsulta: sofá rojo", ["sofá rojo"]),
    ],
)
def test_after_thoughts_text_others(generation, parts):
    assert Text()(generation) == parts


@pytest.mark.parametrize(
    "generation",
    [
        '<think>Queries could be "a", "b".</think>["red sofa", "blue sofa"]',
        "<reasoning>- a\n- b</reasoning>\n1. red sofa\n2. blue sofa",
        "<analysis>hm</analysis>\n<queries>\nred sofa\nblue sofa\n</queries>",
    ],
)
def test_after_thoughts_queries(generation):
    assert Queries()(generation) == BOTH


@pytest.mark.parametrize(
    "generation",
    [
        "<think>The user wants a seat. A good query: red sofa",
        "<reasoning>The user wants",
    ],
)
def test_after_thoughts_text_nothing(generation):
    assert Text()(generation) == []


@pytest.mark.parametrize(
    "generation",
    [
        "<think>seat, chair</think>sofa, couch",
    ],
)
def test_after_thoughts_terms(generation):
    assert Terms()(generation) == TERMS


@pytest.mark.parametrize(
    "generation",
    [
        "Pensando: o usuário quer um sofá.\nPergunta: red sofa",
        "Tankegang: det handlar om möbler.\nFråga: red sofa",
        "Rozumowanie: chodzi o mebel.\nPytanie: red sofa",
        "Düşünce: kullanıcı koltuk arıyor.\nSoru: red sofa",
        "사고 과정: 사용자는 소파를 찾고 있다.\n질문: red sofa",
        "Размышления: речь о диване.\nЗапрос: red sofa",
        "التفكير: المستخدم يريد أريكة.\nالسؤال: red sofa",
        "विचार: उपयोगकर्ता सोफ़ा चाहता है।\nप्रश्न: red sofa",
        "Suy nghĩ: người dùng muốn ghế.\nCâu hỏi: red sofa",
        "<思维链>用户想要沙发。</思维链>red sofa",
        "<düşünce>koltuk</düşünce>\nred sofa",
        "<rozumowanie>mebel</rozumowanie>red sofa",
        "<|thinking_start|>hm<|thinking_end|>red sofa",
        "<think_start>hm<think_end>red sofa",
        "<thought>hm\n<answer>red sofa</answer>",
        'The user wants a seat, so "it" refers to a sofa.\n\n**red sofa**',
        "**🤔 Reasoning**\nThey want a seat.\n\n**✅ Final query**\nred sofa",
        "Intent: purchase. Query: red sofa",
        "Needs rewrite: yes\nRewritten query: red sofa",
        "Is standalone: No\nStandalone query: red sofa",
        "Rewritten query: red sofa\nRewrite needed: True",
        "\\boxed{\\textit{red sofa}}",
        "\\[\n\\boxed{\\mathrm{red\\ sofa}}\n\\]",
    ],
)
def test_thoughts_under_names_of_many_languages(generation):
    assert Text()(generation) == RED
