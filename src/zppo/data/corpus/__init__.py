"""ZPPO-77K, built from its two public sources (method section 10; the paper's appendix B.1).

    sources -> plan -> scan -> selection -> gather -> assembly -> manifest

`plan` lists the content of the sources and deviations, `scan` checks every row once, `selection` selects rows,
`gather` fetches them, `assembly` writes them in their final order. Every step writes files from which a later run of
the same build resumes.
"""
