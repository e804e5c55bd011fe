"""What a case of a model must give, a skeleton of one, and what is wrong with a preset.

case.toml, presets beside the model -> case (what it must give, may, shares) -> skeleton, findings
"""

from sdsim.presets.case import Case, Value, case_of
from sdsim.presets.check import check_preset
from sdsim.presets.findings import PresetFinding
from sdsim.presets.skeleton import skeleton

__all__ = [
    "Case", "PresetFinding", "Value", "case_of", "check_preset", "skeleton",
]  # fmt: skip
