"""A name in front of an answer is no part of it, in any language."""

from __future__ import annotations

import pytest

from pyterrier_rewrite import Queries, Terms, Text

RED = ["red sofa"]
BOTH = ["red sofa", "blue sofa"]


@pytest.mark.parametrize(
    "generation",
    [
        "Rewritten query: red sofa",
        "Rewritten Query:\nred sofa",
        "Rewritten Question: red sofa",
        "Reformulated question: red sofa",
        "Query rewrite: red sofa",
        "Search query: red sofa",
        "Optimized query: red sofa",
        "Improved query: red sofa",
        "Expanded query: red sofa",
        "Clarified question: red sofa",
        "Contextualized question: red sofa",
        "De-contextualized question: red sofa",
        "Self-contained question: red sofa",
        "Stand-alone question: red sofa",
        "Follow-up question: red sofa",
        "New query: red sofa",
        "Final query: red sofa",
        "Final rewritten query: red sofa",
        "Result: red sofa",
        "Response: red sofa",
        "Final answer: red sofa",
        "My answer: red sofa",
        "Revised: red sofa",
        "Revision: red sofa",
        "Paraphrase: red sofa",
        "Search terms: red sofa",
        "Google query: red sofa",
        "Sure: red sofa",
        "Bot: red sofa",
        "AI: red sofa",
        "Assistant: red sofa",
        "### Answer:\nred sofa",
        "### Response:\nred sofa",
        "## Rewritten Query\n\nred sofa",
        "**Rewritten Query**\n\nred sofa",
        "**Rewritten Query:** red sofa",
        "**Rewritten query**: red sofa",
        "*Rewritten query:* red sofa",
        "__Rewritten query:__ red sofa",
        "`Rewritten query:` red sofa",
        "> **Rewritten query:** red sofa",
        "- Rewritten query: red sofa",
        "1. Rewritten query: red sofa",
        "[Rewritten query]: red sofa",
        "[Rewritten query] red sofa",
        "(Rewritten query) red sofa",
        "<Rewritten query>: red sofa",
        "【改写】red sofa",
        "【改写后的查询】red sofa",
        "【查询】：red sofa",
        "Rewritten query – red sofa",
        "Rewritten query — red sofa",
        "Rewritten query - red sofa",
        "Rewritten query => red sofa",
        "Rewritten query -> red sofa",
        "Rewritten query → red sofa",
        "Rewritten query = red sofa",
        "Rewritten query is: red sofa",
        "The rewritten query is red sofa",
        "The rewritten query is:\nred sofa",
        "Here is the rewritten query: red sofa",
        "Here’s the rewritten query:\n\nred sofa",
        "Rewritten Query (English): red sofa",
        "Rewritten Query (for search engine): red sofa",
        "REWRITTEN QUERY: red sofa",
        "rewritten_query: red sofa",
        "rewritten-query: red sofa",
        "RewrittenQuery: red sofa",
        "✅ Rewritten query: red sofa",
        "🔍 Search query: red sofa",
        "🔎 **Query:** red sofa",
        "Step-back question: red sofa",
        "HyDE passage: red sofa",
        "Query:\tred sofa",
        "Query :red sofa",
        "Reformulierte Anfrage: red sofa",
        "Umgeschriebene Frage: red sofa",
        "Neue Suchanfrage: red sofa",
        "Suchbegriff: red sofa",
        "Antwort: red sofa",
        "Ergebnis: red sofa",
        "Requête réécrite : red sofa",
        "Question reformulée : red sofa",
        "Réponse : red sofa",
        "Résultat : red sofa",
        "Consulta reescrita: red sofa",
        "Consulta de búsqueda: red sofa",
        "Respuesta: red sofa",
        "Resultado: red sofa",
        "Consulta reformulada: red sofa",
        "Pergunta reformulada: red sofa",
        "Resposta: red sofa",
        "Domanda autonoma: red sofa",
        "Risposta: red sofa",
        "Query riscritta: red sofa",
        "Zelfstandige vraag: red sofa",
        "Antwoord: red sofa",
        "Zoekopdracht: red sofa",
        "Omskriven fråga: red sofa",
        "Svar: red sofa",
        "Sökfråga: red sofa",
        "Omskrevet spørgsmål: red sofa",
        "Søgeforespørgsel: red sofa",
        "Uudelleenmuotoiltu kysymys: red sofa",
        "Vastaus: red sofa",
        "Przepisane zapytanie: red sofa",
        "Odpowiedź: red sofa",
        "Přepsaný dotaz: red sofa",
        "Odpověď: red sofa",
        "Átfogalmazott kérdés: red sofa",
        "Válasz: red sofa",
        "Întrebare reformulată: red sofa",
        "Răspuns: red sofa",
        "Αναδιατυπωμένη ερώτηση: red sofa",
        "Απάντηση: red sofa",
        "Yeniden yazılan sorgu: red sofa",
        "Cevap: red sofa",
        "Переписанный запрос: red sofa",
        "Поисковый запрос: red sofa",
        "Ответ: red sofa",
        "Переписане питання: red sofa",
        "Відповідь: red sofa",
        "Пренаписана заявка: red sofa",
        "שאילתה משוכתבת: red sofa",
        "תשובה: red sofa",
        "السؤال المعاد صياغته: red sofa",
        "الإجابة: red sofa",
        "استعلام البحث: red sofa",
        "پرسش بازنویسی شده: red sofa",
        "पुनर्लिखित प्रश्न: red sofa",
        "उत्तर: red sofa",
        "পুনর্লিখিত প্রশ্ন: red sofa",
        "คำถามที่เขียนใหม่: red sofa",
        "คำตอบ: red sofa",
        "Câu hỏi viết lại: red sofa",
        "Câu trả lời: red sofa",
        "Pertanyaan yang ditulis ulang: red sofa",
        "Jawaban: red sofa",
        "Kueri pencarian: red sofa",
        "改写后的查询：red sofa",
        "改写后的查询: red sofa",
        "改写：red sofa",
        "重写：red sofa",
        "重写的问题：red sofa",
        "新问题：red sofa",
        "搜索查询：red sofa",
        "查询语句：red sofa",
        "优化后的查询：red sofa",
        "检索词：red sofa",
        "回答：red sofa",
        "改寫後的問題：red sofa",
        "書き換え後のクエリ：red sofa",
        "検索クエリ：red sofa",
        "検索クエリ: red sofa",
        "再構成された質問：red sofa",
        "다시 쓴 질문: red sofa",
        "검색 쿼리: red sofa",
        "답변: red sofa",
        "Consulta reescrita (català): red sofa",
    ],
)
def test_labelled_text(generation):
    assert Text()(generation) == RED


@pytest.mark.parametrize(
    "generation",
    [
        "Anfrage 1: red sofa\nAnfrage 2: blue sofa",
        "Otázka 1: red sofa\nOtázka 2: blue sofa",
        "Kérdés 1: red sofa\nKérdés 2: blue sofa",
        "Sökning 1: red sofa\nSökning 2: blue sofa",
        "Hledání 1: red sofa\nHledání 2: blue sofa",
        "Pytanie 1: red sofa\nPytanie 2: blue sofa",
        "Întrebarea 1: red sofa\nÎntrebarea 2: blue sofa",
        "Ερώτημα 1: red sofa\nΕρώτημα 2: blue sofa",
        "Soru 1: red sofa\nSoru 2: blue sofa",
        "Питання 1: red sofa\nПитання 2: blue sofa",
        "Въпрос 1: red sofa\nВъпрос 2: blue sofa",
        "שאלה 1: red sofa\nשאלה 2: blue sofa",
        "السؤال 1: red sofa\nالسؤال 2: blue sofa",
        "پرسش 1: red sofa\nپرسش 2: blue sofa",
        "কোয়েরি 1: red sofa\nকোয়েরি 2: blue sofa",
        "คำถาม 1: red sofa\nคำถาม 2: blue sofa",
        "Câu hỏi 1: red sofa\nCâu hỏi 2: blue sofa",
        "Kueri 1: red sofa\nKueri 2: blue sofa",
        "Haku 1: red sofa\nHaku 2: blue sofa",
        "Spørsmål 1: red sofa\nSpørsmål 2: blue sofa",
        "Sub-pertanyaan 1: red sofa\nSub-pertanyaan 2: blue sofa",
        "Consulta 1: red sofa\nConsulta 2: blue sofa",
        "Recherche 1 : red sofa\nRecherche 2 : blue sofa",
        "子问题 1：red sofa\n子问题 2：blue sofa",
        "查詢 1：red sofa\n查詢 2：blue sofa",
        "質問 1：red sofa\n質問 2：blue sofa",
        "쿼리 1: red sofa\n쿼리 2: blue sofa",
        "Perspective 1: red sofa\nPerspective 2: blue sofa",
        "Angle 1 - red sofa\nAngle 2 - blue sofa",
        "Rephrasing 1: red sofa\nRephrasing 2: blue sofa",
        "Paraphrase 1: red sofa\nParaphrase 2: blue sofa",
        "Sub-question 1: red sofa\nSub-question 2: blue sofa",
        "Subquery 1 – red sofa\nSubquery 2 – blue sofa",
        "Candidate 1: red sofa\nCandidate 2: blue sofa",
        "Formulation 1 : red sofa\nFormulation 2 : blue sofa",
    ],
)
def test_labelled_queries(generation):
    assert Queries()(generation) == BOTH


LONG = [
    "What led up to the event: red sofa",
    "What happens during the event: blue sofa",
    "What follows from the event: green sofa",
    "Who takes part in the event: sofa makers",
]


@pytest.mark.parametrize("end", ["", "\n5. When it", "\n\nThese are four queries."])
def test_a_long_label_on_each_of_many_lines(end):
    said = ["red sofa", "blue sofa", "green sofa", "sofa makers"]
    numbered = "\n".join(f"{at}. {line}" for at, line in enumerate(LONG, 1))
    assert Queries()(numbered + end)[:4] == said
    assert Queries()("\n".join(LONG))[:4] == said


def test_a_long_head_on_few_lines_is_no_label():
    assert Queries()("\n".join(LONG[:2])) == LONG[:2]


@pytest.mark.parametrize("parser", [Queries(), Text(), Terms()])
@pytest.mark.parametrize("before", ["The search query for ", "Sofas in red: "])
def test_what_names_the_query_itself_is_no_part_of_it(parser, before):
    query = "red sofas for two"
    assert parser(f"{before}{query}", query=query) == [query]
    assert parser(f"{before}{query}.", query=query) == [query]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("red sofa", "Shops: red sofa"),  # two words may be words of another query
        ("red sofas for two", "cheap red sofas for two"),
        ("red sofas for two", "Sofas in red: red sofas for three"),
        ("what does it cost", "The red sofa: what does it cost"),
    ],
)
def test_a_query_with_more_words_is_another(query, said):
    assert Queries()(said, query=query) == [said]


def test_a_remark_that_was_cut_below_a_labelled_query():
    answer = "Search Query: red sofa\n\nThis is a mix of a search query and a search engine. It"
    assert Queries()(answer, query="sofa") == ["red sofa"]
