"""The figure sets that come with cnnviz."""

from __future__ import annotations

from pathlib import Path


def shipped_sets() -> dict[str, Path]:
    """Figure sets by name: in an installed package they lie inside it, in a checkout beside it."""
    package = Path(__file__).parent
    folder = next((folder for folder in (package, package.parent) if (folder / "animations").is_dir()), package)
    return {path.stem: path for path in sorted((folder / "animations").glob("*.toml"))}
