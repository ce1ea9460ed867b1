"""The evaluation suite: rows of a benchmark -> items -> responses -> scores -> averages (method section 11).

Not the held-out accuracy during training, which is `zppo.training.evaluation`.
"""
