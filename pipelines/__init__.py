"""Engines, fusion and reranking, to put rewriters in front of."""
