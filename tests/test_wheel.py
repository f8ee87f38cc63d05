"""A wheel, unpacked where no checkout is: its command, its model, and what analyzing does not import."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from adamml.version import __version__

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("adamml", "app", "checkpoints/kinetics-400", "pyproject.toml", "setup.py", "README.md", "LICENSE")
# What takes seconds to import; sympy comes with the compiler of PyTorch.
HEAVY = ("gradio", "plotly", "moviepy", "matplotlib", "pyarrow", "ray", "sklearn", "scipy", "torchvision", "sympy")


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z", *PARTS], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split("\0") if name]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from what git tracks, without a network and in no environment of its own."""
    pytest.importorskip("setuptools", minversion="75", reason="older ones need the package wheel")
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in tracked():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, source / name)
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-w",
        str(out),
        ".",
    ]
    done = subprocess.run(build, cwd=source, capture_output=True, text=True, env=os.environ | {"PYTHONNOUSERSITE": "1"})
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("installed")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(target)]
    subprocess.run([*install, str(wheel)], check=True)
    return target


def run(installed: Path, elsewhere: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    settings = {"PYTHONPATH": str(installed), "ADAMML_CACHE": str(elsewhere / "cache")} | environment
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ADAMML_", "PYTHON"))}
    return subprocess.run(command, cwd=elsewhere, env=kept | settings, capture_output=True, text=True, timeout=500)


def test_a_wheel_holds_the_code_and_the_default_model(wheel: Path) -> None:
    assert wheel.name == f"adamml_studio-{__version__}-py3-none-any.whl"
    assert wheel.stat().st_size < 60e6, "package indexes take 100 MB at most, and people less gladly"
    names = set(zipfile.ZipFile(wheel).namelist())
    code = {name for name in tracked() if name.endswith((".py", ".js", ".css", ".csv", ".json", ".typed"))}
    assert {name for name in code if name.startswith(("adamml/", "app/"))} <= names
    model = {name for name in tracked() if name.startswith("checkpoints/kinetics-400/")}
    assert {f"adamml/{name}" for name in model} == {name for name in names if name.startswith("adamml/checkpoints/")}


def test_the_command_works_where_no_checkout_is(installed: Path, tmp_path: Path) -> None:
    adamml = str(installed / "bin" / "adamml")
    help = run(installed, tmp_path, sys.executable, adamml, "--help")
    assert help.returncode == 0
    assert "analyze" in help.stdout
    models = run(installed, tmp_path, sys.executable, adamml, "models")
    assert models.returncode == 0, models.stderr
    first = models.stdout.splitlines()[0]
    assert re.fullmatch(r"kinetics-400  1\.0, 400 classes, \d+ MB, (.+)", first)
    assert first.endswith(f", {installed}/adamml/checkpoints/kinetics-400")
    assert "kinetics-sounds  not here" in models.stdout
    assert "everyday-av" not in models.stdout


def test_an_isolated_python_imports_it_and_finds_the_model(installed: Path, tmp_path: Path) -> None:
    script = f"""
import sys
sys.path.insert(0, {str(installed)!r})
import adamml
assert adamml.__file__.startswith({str(installed)!r}), adamml.__file__
print(adamml.resolve(), adamml.card_of().name)
print(*sorted({{name.partition(".")[0] for name in sys.modules}} & set({HEAVY!r})))
"""
    done = run(installed, tmp_path, sys.executable, "-I", "-c", script)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{installed}/adamml/checkpoints/kinetics-400 kinetics-400\n\n"


def test_analyzing_imports_nothing_of_the_page_or_of_exports(installed: Path, tmp_path: Path, clip: Path) -> None:
    script = f"""
import sys
from adamml.cli import main
status = main(["analyze", {str(clip)!r}, "--policy", "audio", "--segments", "1", "--json", "found.json"])
print(*sorted({{name.partition(".")[0] for name in sys.modules}} & set({HEAVY!r})), file=sys.stderr)
sys.exit(status)
"""
    done = run(installed, tmp_path, sys.executable, "-c", script, ADAMML_BACKEND="torch")
    assert done.returncode == 0, done.stderr
    assert "model kinetics-400 1.0" in done.stdout
    assert done.stderr.splitlines()[-1] == ""
    assert (tmp_path / "found.json").is_file()


def test_extras_and_requirements_name_the_same_packages() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    assert {"app", "export", "train", "batch", "mcp"} <= set(extras)
    lines = (re.sub(r"\s*#.*", "", line) for line in (ROOT / "requirements.txt").read_text().splitlines())
    hosted = {str(Requirement(line)) for line in lines if line}
    assert {str(Requirement(line)) for line in project["dependencies"] + extras["app"] + extras["export"]} == hosted


@pytest.mark.parametrize(("command", "package", "extra"), [("app", "gradio", "app"), ("export", "moviepy", "export")])
def test_what_an_extra_brings_is_asked_for_in_one_line(
    command: str,
    package: str,
    extra: str,
    clip: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from importlib import util

    from adamml.cli import main

    real = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name, *rest: None if name == package else real(name, *rest))
    arguments = ["app"] if command == "app" else ["export", str(clip), "--mp4", str(clip.with_name("out.mp4"))]
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith("adamml: ")
    assert f"{package} missing; install with: pip install 'adamml-studio[{extra}]'" in said
    assert said.count("\n") == 1
