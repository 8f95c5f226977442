"""Documents on their way into an index."""

from __future__ import annotations

import pytest

from pyterrier_rewrite.pipelines.engines.documents import document_text

SOFA = {"docno": "1", "title": "Sofa", "description": "A seat for two.", "url": "http://a/b"}


@pytest.mark.parametrize("text", [{}, {"text": None}, {"text": ""}, {"text": float("nan")}])
@pytest.mark.parametrize("description", ["A seat for two.", "couch"])
def test_the_description_of_a_catalogue_stands_in_for_a_text(text, description):
    sofa = {**SOFA, "description": description, **text}
    assert document_text(sofa, ("title", "text"), "1") == f"Sofa {description}"
    assert document_text(sofa, ("text", "description"), "1") == description
    assert document_text({**sofa, "text": "couch"}, ("title", "text"), "1") == "Sofa couch"


def test_a_catalogue_does_not_lose_its_prose():
    sofa = {"docno": "1", "title": "Sofa", "blurb": "A seat for two."}
    with pytest.raises(ValueError, match=r"no field 'text', but 'blurb'; .*\('title', 'blurb'"):
        document_text(sofa, ("title", "text"), "1")
    assert document_text(sofa, ("title", "blurb"), "1") == "Sofa A seat for two."


@pytest.mark.parametrize("text", [None, "", float("nan")])
def test_a_document_without_words_is_no_mistake(text):
    sofa = {"docno": "1", "title": "Sofa", "url": "http://a/b"}
    assert document_text({**sofa, "text": text}, ("title", "text"), "1") == "Sofa"
    assert document_text(sofa, ("title", "text"), "1") == "Sofa"
