"""What a ranking is: lists, groups of queries, the best of them, requests asked once."""
