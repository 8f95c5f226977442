"""What a text is: safe, quoted, terms, language, likeness, files."""

from .safe import BYTES_A_TOKEN, MAX_QUERY_CHARS, count_tokens, cut_to_tokens, safe_text

__all__ = ["BYTES_A_TOKEN", "MAX_QUERY_CHARS", "count_tokens", "cut_to_tokens", "safe_text"]
