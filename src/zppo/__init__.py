"""Zone of Proximal Policy Optimization: RL for small models, with a teacher inside the prompt."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from zppo.config import (
    AlarmsConfig,
    CheckpointConfig,
    DataConfig,
    EngineConfig,
    EvalConfig,
    JudgeConfig,
    PromptsConfig,
    ReportsConfig,
    RewardsConfig,
    SamplingConfig,
    StudentConfig,
    TeacherConfig,
    UpdateConfig,
    ZoneConfig,
)
from zppo.engines.torchvision_cpu import mend_torchvision
from zppo.types import Candidate, Group, Media, Prompt, Question, Rollout, Sampling, Video

if TYPE_CHECKING:
    from zppo.training.arguments import ZPPOConfig
    from zppo.training.trainer import ZPPOTrainer

__all__ = [
    "AlarmsConfig",
    "Candidate",
    "CheckpointConfig",
    "DataConfig",
    "EngineConfig",
    "EvalConfig",
    "Group",
    "JudgeConfig",
    "Media",
    "Prompt",
    "PromptsConfig",
    "Question",
    "ReportsConfig",
    "RewardsConfig",
    "Rollout",
    "Sampling",
    "SamplingConfig",
    "StudentConfig",
    "TeacherConfig",
    "UpdateConfig",
    "Video",
    "ZPPOConfig",
    "ZPPOTrainer",
    "ZoneConfig",
]

mend_torchvision()

_NEEDS_TORCH = {"ZPPOConfig": "zppo.training.arguments", "ZPPOTrainer": "zppo.training.trainer"}


def __getattr__(name: str) -> Any:
    """Import the trainer on first use, so that `zppo.step` and `zppo.zone` do not load torch."""
    if name not in _NEEDS_TORCH:
        raise AttributeError(f"module 'zppo' has no attribute {name!r}")
    return getattr(import_module(_NEEDS_TORCH[name]), name)
