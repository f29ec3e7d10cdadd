"""Figure sets: TOML files become many figures, in parallel, and only those that are not up to date."""

from cnnviz.batch.driver import progress, render_sets
from cnnviz.batch.entries import Entry, read_set, read_sets
from cnnviz.batch.executors import job_count, run_all
from cnnviz.batch.manifest import MANIFEST, read_manifest

__all__ = [
    "MANIFEST", "Entry", "job_count", "progress", "read_manifest", "read_set", "read_sets", "render_sets", "run_all",
]  # fmt: skip
