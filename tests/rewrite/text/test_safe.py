"""Query text that any engine can take, in any script."""

from __future__ import annotations

import time

import pytest

from pyterrier_rewrite.text.safe import safe_text


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("ශ්\u200dරී", "ශ්\u200dරී"),
        ("\U0001f469\u200d\U0001f4bb sofa", "\U0001f469\u200d\U0001f4bb sofa"),
        ("red\u200c sofa", "red sofa"),
        ("red \u200d sofa\u200c", "red sofa"),
        ("\u200cred", "red"),
        ("so\u00adfa", "sofa"),
        ("\ufeffred\u2060sofa", "redsofa"),
        ("\u202ered\u202c \u2066sofa\u2069", "red sofa"),
        ("red\U000e0061\U000e007f sofa", "red sofa"),
        ("red\u200bsofa", "red sofa"),
        ("red\x00sofa\u2028blue\ud83d", "red sofa blue"),
        ("  red\t\n sofa ", "red sofa"),
        ("\u200c\u200d\u200b\u00ad", ""),
        ("", ""),
    ],
)
def test_joiners_stay_within_words_and_the_invisible_goes(text, safe):
    assert safe_text(text) == safe


def test_a_run_of_joiners_takes_linear_time():
    began = time.process_time()
    assert safe_text("a" + "\u200d" * 200_000 + "b ") == safe_text("a" + "\u200d" * 200_000 + "b")
    assert time.process_time() - began < 5
