"""Alarms: what is wrong with a run although it goes on, in words that name cause, evidence and remedy.

Standard library only. `watch` runs all alarms over a rollout step; the other modules hold one family each. What a
reader sees and does about each of them: docs/symptoms.md.
"""

from zppo.alarms.watch import ALARMS, Alarms

__all__ = ["ALARMS", "Alarms"]
