"""Figures and pages: result -> figure -> page. The only door to Plotly."""

from sdsim.plots.competition import competition_figure, write_competition
from sdsim.plots.figures import (
    Frames,
    Move,
    Panel,
    lever_figure,
    line_figure,
    over_time,
    panels,
    share_figure,
)
from sdsim.plots.fit import fit_figure, write_fit
from sdsim.plots.marks import Band, Bars, Dots, Line, Mark
from sdsim.plots.members import is_ensemble, members_figure, members_sections
from sdsim.plots.page import Section, table_html, write_index, write_page

__all__ = [
    "Band", "Bars", "Dots", "Frames", "Line", "Mark", "Move", "Panel", "Section",
    "competition_figure", "fit_figure", "is_ensemble", "lever_figure", "line_figure",
    "members_figure", "members_sections",
    "over_time", "panels", "share_figure", "table_html",
    "write_competition", "write_fit", "write_index", "write_page",
]  # fmt: skip
