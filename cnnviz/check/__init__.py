"""Figures held against an engine that is not ours: the recorded program is run, and every number is compared."""

from cnnviz.check.report import ENGINES, Report, check_figure, check_scenes, check_sets

__all__ = ["ENGINES", "Report", "check_figure", "check_scenes", "check_sets"]
