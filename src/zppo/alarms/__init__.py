"""Alarms: faults of a run that do not stop it, in sentences with cause, evidence and remedy.

Standard library only. `watch` runs all alarms over a rollout step; the other modules hold one family each. Symptoms
and remedies of each alarm: docs/symptoms.md.
"""

from zppo.alarms.watch import ALARMS, Alarms

__all__ = ["ALARMS", "Alarms"]
