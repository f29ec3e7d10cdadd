"""What pyproject.toml cannot say: the figure sets travel inside the package, and a package index shows the pictures."""

import re
from pathlib import Path

from setuptools import find_packages, setup

REPOSITORY = "https://github.com/cnnviz/cnnviz"


def readme() -> str:
    """README.md with the addresses of its pictures and pages, which stand beside it in the repository alone."""
    text = Path(__file__).with_name("README.md").read_text(encoding="utf-8")
    text = re.sub(r"(!\[[^\]]*\]\()(?!https:)", rf"\1{REPOSITORY}/raw/main/", text)
    return re.sub(r"((?<!!)\[[^\]!]*\]\()(?!https:)", rf"\1{REPOSITORY}/blob/main/", text)


setup(
    long_description=readme(),
    long_description_content_type="text/markdown",
    packages=[*find_packages(include=["cnnviz", "cnnviz.*"]), "cnnviz.animations"],
    package_dir={"cnnviz.animations": "animations"},
)
