"""What pyproject.toml cannot say: the default model, which lies in `checkpoints/`, is part of `adamml` in a wheel."""

from setuptools import find_packages, setup

MODEL = "adamml.checkpoints"  # 45 MB; larger models are fetched

setup(
    packages=[*find_packages(include=["adamml*", "app*"]), MODEL],
    package_dir={MODEL: "checkpoints"},  # which of its files: package-data in pyproject.toml
)
