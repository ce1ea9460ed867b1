"""The metrics of OCRBench v2, one module per kind of task; `scoring.py` maps tasks to metrics."""
