"""Attacks that are not held yet, by the name of their test: one, or without its parameter all of them.

Whoever makes an attack be held takes it out of here: those that are named may fail without failing the suite.
"""

PENDING: frozenset[str] = frozenset()
