"""Figures held against an engine that is not ours: every number that one shows and that an operation gives."""

from cnnviz.check.engine import ENGINES
from cnnviz.check.report import Report, check_figure, check_scenes, check_sets

__all__ = ["ENGINES", "Report", "check_figure", "check_scenes", "check_sets"]
