"""The lines of a generation that carry content: thoughts, greetings and wrapping taken off."""

from __future__ import annotations

import re
from typing import Final

QUOTES: Final = "\"'`“”„‘’«»「」『』"

_THOUGHT = r"(?:seed:)?(?:think|thinking|thought|thoughts|reasoning|reflection|analysis|scratchpad)"
_THINK = re.compile(rf"[<\[◁]({_THOUGHT})[>\]▷].*?([<\[◁]/\1[>\]▷]|\Z)", re.S | re.I)
_THINK_END = re.compile(rf"\A.*[<\[◁]/{_THOUGHT}[>\]▷]", re.S | re.I)
_CHANNEL = re.compile(r"\A.*<\|channel\|>\s*final\b.*?<\|message\|>", re.S)
_UNFINISHED_CHANNEL = re.compile(r"<\|channel\|>\s*(?:analysis|commentary)\b.*\Z", re.S)
_SPECIAL = re.compile(
    r"<[|｜][^|｜<>]{1,40}[|｜]>|</?s>|<(?:start|end)_of_turn>|<(?:eos|bos|pad)>|\[/?INST\]"
)
_TAG = re.compile(
    r"</?(?:answer|br|document|documents|expansion|final|item|keywords?|li|ol|output|p|passage|"
    r"quer(?:y|ies)|question|response|result|rewrite|term|terms|text|ul)(?:[ _-]?\d{1,2})?\s*/?>",
    re.I,
)
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)[\w+-]*[ \t]*$", re.M)
_FENCE_INLINE = re.compile(r"```(?:json|text|txt|yaml|markdown|python|sql)?(?=[\s\[{\"]|$)", re.I)
_FENCED = re.compile(
    r"^[ \t]*(?:```|~~~)[\w+-]*[ \t]*\n(.*?)(?:^[ \t]*(?:```|~~~)|\Z)", re.S | re.M
)

_INTERJECTION = re.compile(
    r"^[¡]?(?:sure(?: thing)?|certainly|of course|absolutely|okay|ok|great|alright|got it|"
    r"natürlich|klar|gerne?|selbstverständlich|bien sûr|d'accord|claro(?: que sí)?|por supuesto|"
    r"certo|certamente|com certeza|конечно|хорошо|当然(?:可以)?|好的|もちろん(?:です)?|はい|"
    r"물론(?:입니다|이죠)?|네)\s*[!.。！,，]+\s*(?=\S|$)",
    re.I,
)
_META = (
    r"passage|paragraph|list|quer|search|keyword|term|rewrit|rephras|answer|version|document|text|"
    r"response|example|expan|question|suggestion|reformulat|variation|alternative|synonym|json|"
    r"sub-?quer|phrase|output|result"
)
_OPENING = re.compile(
    r"^(?:(?:here|below|these|this|the following)\s*(?:is|are|'s|’s|you go)\b)[^:\n]{0,120}?"
    rf"(?:(?:{_META})[^:\n]{{0,80}}:|:$)\s*"
    r"|^(?:hier (?:ist|sind)|nachfolgend|voici|ci-dessous|aquí (?:tienes?|está[n]?)|"
    r"a continuación|ecco|di seguito|aqui (?:está|estão)|segue[m]?|вот|ниже|以下是|这是|"
    r"以下は|こちらは|다음은)[^:：\n]{0,80}[:：]\s*"
    rf"|^(?:based on|given|to (?:answer|expand|find|improve)|for)\b[^:\n]{{0,120}}\b(?:{_META})"
    r"[^:\n]{0,60}:$",
    re.I,
)
_CLOSING = re.compile(
    r"^\(?(?:i hope (?:this|that|these)|hope (?:this|that|these)|let me know|feel free|"
    r"please (?:let|note)|if you (?:need|want|have|would|'d)|would you like|do you want|"
    r"is there anything|(?:this|these|the above|each(?: of these)?|all of these) (?:rewritten |"
    r"expanded |search |new )*(?:quer(?:y|ies)|keywords?|terms?|lists?|rewrites?|passages?|"
    r"expansions?|variations?) "
    r"(?:is|are|was|were|will|would|should|can|could|may|focus|cover|include|aim|help|capture|"
    r"provide|use|target|explore|keep|add)|ich hoffe|j'espère|espero que|spero che|надеюсь|"
    r"希望(?:这|对))",
    re.I,
)
_EXPLANATION = re.compile(
    r"^(?:\W{0,3})(?:explanations?|reasoning|rationale|notes?|justification|disclaimer|"
    r"erklärung|hinweis|explication|explicación|说明|解释|注)(?:\W{0,3})[:：]",
    re.I,
)
_NEXT_TURN = re.compile(r"^(?:user|human|query|search query|system)\s*[:：]", re.I)

_HELP = (
    r"(?:help|assist|provide|answer|fulfil|comply|generate|create|do that|do this|write|access|"
    r"respond|rewrite|expand|process|complete|support|engage|offer|determine|browse|share|"
    r"have (?:enough|access|any)|give|satisfy|accommodate)"
)
_REFUSAL = re.compile(
    r"^(?:(?:i'?m|i am|we'?re|we are) (?:(?:very |so |really )?sorry|afraid)\b"
    r"|sorry[,.!]? (?:but|however|(?:i|we)(?:'m|'re)? (?:am|are|can|do|could|un|not|won))"
    r"|(?:my )?apologies\b|i (?:must )?apologi[sz]e\b"
    r"|as an? (?:ai|artificial|large language|language model)"
    r"|(?:unfortunately,? )?i(?:'m| am)? ?(?:just an ai|an ai|a language model)"
    rf"|(?:unfortunately,? )?i (?:can(?:no|')t|can not|am unable to|am not able to|won't|will not|"
    rf"do not|don't|could not|couldn't)\s(?:\w+ ){{0,3}}?{_HELP}"
    rf"|(?:unfortunately,? )?i'm (?:unable|not able) to\b"
    r"|unfortunately,? i\b"
    r"|(?:no|not enough|insufficient) (?:information|context)\b[^\n]{0,60}\b(?:provided|given)"
    r"|(?:es )?tut mir leid|entschuldigung,? (?:aber )?ich"
    r"|(?:je suis )?désolée?,? (?:mais )?je"
    r"|lo siento,|mi dispiace|desculpe,|sinto muito|извините|к сожалению, я|抱歉|对不起|很抱歉|"
    r"申し訳|죄송)",
    re.I,
)

_NOTHING = re.compile(
    r"^\W*(?:none|n/?a|nothing|null|not applicable|i (?:don['’]?t|do not) know|"
    r"no (?:answer|changes?|rewrite|expansion|information)(?: is| are)?"
    r"(?: needed| required| necessary| available)?|"
    r"there (?:is|are|was) no (?:relevant )?information\b[^\n]{0,80})\W*$",
    re.I,
)

_ITEM_MARKS = re.compile(r"\*\*|__|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)|`|^#{1,6}\s+|^>\s+")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_WHAT = (
    r"quer(?:y|ies)|passages?|keywords?|key terms|terms?|answers?|rewrites?|documents?|text|output|"
    r"results?|expansions?|questions?|assistant|response|reformulations?|rephrasing|synonyms|"
    r"variations?|related terms|phrases|descriptions?|events?"
)
_LABEL = re.compile(
    r"^(?:(?:(?:the|a|an|one|my|your) )?"
    r"(?:(?:final|new|rewritten|rephrased|reformulated|expanded|improved|revised|optimi[sz]ed|"
    r"standalone|search|sub|relevant|possible|alternative|suggested|generated|original|related|"
    r"key|broader)[ -]*)*"
    rf"(?:{_WHAT})(?:\s*#?\d{{1,2}})?(?:\s(?:is|are|would be|could be|might be))?"
    r"|q\d{1,2}|(?:such)?(?:an|be)frage|suchbegriffe?|antwort|requête|réponse|mots[- ]clés|"
    r"consulta|palabras clave|respuesta|запрос|ответ|ключевые слова|"
    r"(?:搜索)?查询|问题|答案|回答|关键词|クエリ|キーワード|답변|검색어)"
    r"\s*(?:[:：]|->|→)\s*",
    re.I,
)
_SAID = re.compile(
    r"^(?:the|a|an|one|my|your)\b[^\"“”\n]{0,60}\b(?:quer(?:y|ies)|rewrite|version)\b"
    r"[^\"“”\n]{0,40}\b(?:is|be)\s*:?\s*[\"“]([^\"“”]+)[\"”]\.?$",
    re.I,
)


def content_lines(generation: str, *, fenced: bool = False) -> list[str]:
    """Return the lines that carry content, without thoughts, fences, greetings and refusals.

    Args:
        generation: What the model wrote.
        fenced: Whether a single fenced block, where there is one, is the whole answer.
    """
    # most answers are plain text, and a look for a character is cheaper than a pattern
    text = generation
    if any(bracket in text for bracket in "<[◁"):
        text = _UNFINISHED_CHANNEL.sub("", _CHANNEL.sub("", text))
        text = _THINK_END.sub("", _THINK.sub(" ", text))
        text = _TAG.sub("\n", _SPECIAL.sub(" ", text))
    if fenced:
        blocks = [block for block in _FENCED.findall(text) if block.strip()]
        text = blocks[0] if len(blocks) == 1 else text
    if "```" in text or "~~~" in text:
        text = _FENCE_INLINE.sub("", _FENCE.sub("", text))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if lines and is_refusal(lines[0]):
        return []
    if lines:
        lines[0] = _OPENING.sub("", _INTERJECTION.sub("", lines[0]))
        if not lines[0] and len(lines) > 1:
            lines[1] = _OPENING.sub("", lines[1])
    lines = [line for line in lines if line]
    rest = enumerate(lines[1:], 1)
    ends = (at for at, line in rest if _EXPLANATION.match(line) or _NEXT_TURN.match(line))
    lines = lines[: next(ends, None)]
    while lines and _CLOSING.match(lines[-1]):
        lines.pop()
    return [] if len(lines) == 1 and _NOTHING.match(lines[0]) else lines


def is_refusal(line: str) -> bool:
    """Say whether an answer that begins like this is none."""
    return bool(_REFUSAL.match(_INTERJECTION.sub("", line.lstrip("*_ \"'")).replace("’", "'")))


def content_of(line: str) -> str:
    """Return a line without marks, label and quotes."""
    if any(mark in line for mark in "*_`#>["):
        line = _ITEM_MARKS.sub("", _LINK.sub(r"\1", line))
    line = line.strip()
    if ('"' in line or "“" in line) and (said := _SAID.match(line)):
        return said[1].strip()
    if any(mark in line for mark in (":", "：", "->", "→")):
        line = _LABEL.sub("", line).strip()
    if len(line) > 1 and line[0] in QUOTES and line[-1] in QUOTES:
        line = line[1:-1].strip()
    return line


def has_word(text: str) -> bool:
    """Say whether there is a letter or a digit, in any script."""
    return any(character.isalnum() for character in text)
