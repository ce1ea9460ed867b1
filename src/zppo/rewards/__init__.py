"""Scoring responses: boxed extraction, answer equivalence, verdicts, reward functions."""
