"""Every option of a run, in sections: `run` (method and training), `services` (teacher, judge), `data`, `rewards`.

Defaults are the paper's values (method sections 3-5 and 11) if it gives one, except that weights are kept in fp32
(`student.dtype`). The same section classes are used by a recipe (YAML), by the command line (`--zone.tau 0.4`) and by
`ZPPOConfig`. Standard library only: options that need torch or transformers are in `zppo.training.arguments`.
"""

from zppo.config.data import DataConfig, PromptsConfig
from zppo.config.rewards import RewardsConfig
from zppo.config.run import (
    Aggregation,
    AlarmsConfig,
    CheckpointConfig,
    EngineConfig,
    EvalConfig,
    Recipe,
    ReportsConfig,
    RunOptions,
    SamplingConfig,
    StudentConfig,
    UpdateConfig,
    ZoneConfig,
)
from zppo.config.services import MOVABLE, EndpointConfig, FallbackConfig, JudgeConfig, TeacherConfig, is_url

__all__ = [
    "MOVABLE",
    "Aggregation",
    "AlarmsConfig",
    "CheckpointConfig",
    "DataConfig",
    "EndpointConfig",
    "EngineConfig",
    "EvalConfig",
    "FallbackConfig",
    "JudgeConfig",
    "PromptsConfig",
    "Recipe",
    "ReportsConfig",
    "RewardsConfig",
    "RunOptions",
    "SamplingConfig",
    "StudentConfig",
    "TeacherConfig",
    "UpdateConfig",
    "ZoneConfig",
    "is_url",
]
