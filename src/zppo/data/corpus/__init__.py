"""ZPPO-77K, built from its two public sources (method section 10; the paper's appendix B.1).

    sources -> plan -> scan -> selection -> gather -> assembly -> manifest

`plan` says what is there and what was not expected, `scan` examines every row once, `selection` decides which rows
stay, `gather` fetches them, `assembly` writes them in their final order. Every step leaves files that a later
run of the same build takes up.
"""
