"""Documents on their way into an index."""

from __future__ import annotations

import pytest

from pyterrier_rewrite.pipelines.engines.documents import document_text

SOFA = {"docno": "1", "title": "Sofa", "description": "A seat for two.", "url": "http://a/b"}


def test_a_catalogue_does_not_lose_its_descriptions():
    with pytest.raises(ValueError, match=r"no field 'text', but 'description'; .*\('title', 'desc"):
        document_text(SOFA, ("title", "text"), "1")
    assert document_text(SOFA, ("title", "description"), "1") == "Sofa A seat for two."


@pytest.mark.parametrize("text", [None, "", float("nan")])
def test_a_document_without_words_is_no_mistake(text):
    assert document_text({**SOFA, "text": text}, ("title", "text"), "1") == "Sofa"
    assert document_text({"docno": "1", "title": "Sofa"}, ("title", "text"), "1") == "Sofa"
