"""Expressions compared by value; runs in the grading worker and needs mpmath and the standard library only."""
