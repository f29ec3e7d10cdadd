"""What pyproject.toml cannot say: the figure sets of animations/ travel inside the package."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["cnnviz", "cnnviz.*"]), "cnnviz.animations"],
    package_dir={"cnnviz.animations": "animations"},
)
