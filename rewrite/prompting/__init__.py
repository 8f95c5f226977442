"""From prompt to query: prompts, examples, documents shown, formulations, and their rewriter."""
