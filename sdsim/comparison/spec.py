"""Competition specs: TOML files that name calibrations, variants of them, and rivals.

title = "Does the network matter?"
calibration = "core.toml  "          # the base, whose data all share
rivals = ["last_value", "trend"]       # all that can take part by default

[variants."no network"]
constants = {"Network strength" = 0}   # a switch, or any auxiliary, set in every run
fixed = ["Network delay"]              # free parameters that keep the model's own value

[variants."gravity model"]
calibration = "gravity.toml"           # another model with the same data
"""

from __future__ import annotations

from pathlib import Path

from sdsim.base import limits
from sdsim.base.toml import Section, read_toml
from sdsim.calibration.calibration import Calibration
from sdsim.calibration.spec import read_calibration
from sdsim.comparison.competition import Competition, variant
from sdsim.comparison.rivals import Rival, from_data

KEYS = ("title", "calibration", "rivals", "variants")


def read_competition(path: str | Path) -> Competition:
    """Read a competition from its spec, or a calibration's spec as one of it against rivals.

    Raises
    ------
    ModelError : file, line, key, what was expected, and what to do.
    """
    path = Path(path)
    top = read_toml(path, limits.TOML_BYTES)
    if "model" in top.data:
        calibration = read_calibration(path)
        return Competition({calibration.title: calibration}, calibration.title)
    top.only(*KEYS)
    base = _calibration(top, path)
    contestants = {base.title: base}
    variants = top.section("variants")
    for name in variants.data:
        own = variants.section(name)
        own.only("calibration", "constants", "fixed")
        origin = _calibration(own, path) if own.has("calibration") else base
        constants = own.section("constants")
        with own.placing():
            contestants[name] = variant(
                origin, {k: constants.number(k) for k in constants.data}, own.texts("fixed", ())
            )
    with top.placing():
        return Competition(contestants, base.title, _rivals(top), top.words("title", path.stem))


def _calibration(section: Section, path: Path) -> Calibration:
    with section.placing("calibration"):
        return read_calibration(path.parent / section.words("calibration"))


def _rivals(top: Section) -> dict[str, Rival] | None:
    """Rivals by name: words, or tables with settings (``{rival = "gravity", drivers = [...]}``)."""
    if not top.has("rivals"):
        return None
    given = top.value("rivals")
    out: dict[str, Rival] = {}
    for one in given if isinstance(given, list) else [given]:
        data = one if isinstance(one, dict) else {"rival": one}
        with top.placing("rivals"):
            rival = from_data(data)
        out[rival.name] = rival
    return out
