"""The evaluation suite: rows of a benchmark -> items -> responses -> scores -> averages (method section 11).

Held-out accuracy during training is in `zppo.training.evaluation`.
"""
