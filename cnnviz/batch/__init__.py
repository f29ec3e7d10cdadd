"""Figure sets: TOML files become many figures, in parallel; only what is not up to date is made."""

from cnnviz.batch.driver import progress, render_sets
from cnnviz.batch.entries import MANIFEST, Entry, read_set, read_sets
from cnnviz.batch.executors import core_count, run_all
from cnnviz.batch.manifest import files_of, read_manifest
