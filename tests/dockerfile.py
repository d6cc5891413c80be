"""The steps of the Dockerfile, done in a plain folder where there is no builder."""

import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.host import ROOT

TEXT = (ROOT / "Dockerfile").read_text()
INSTALL_S = 600.0


@dataclass(frozen=True)
class Step:
    """An instruction and what follows it."""

    name: str
    text: str


@dataclass
class Stage:
    """A FROM with the steps after it."""

    image: str
    name: str
    steps: list[Step] = field(default_factory=list)

    def last(self, name: str) -> str:
        """What the last instruction of a name has."""
        return [step.text for step in self.steps if step.name == name][-1]


def stages() -> list[Stage]:
    """The stages in their order; a line that ends in a backslash goes on."""
    found: list[Stage] = []
    lines = [line for line in TEXT.splitlines() if not line.startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        name, _blank, text = line.strip().partition(" ")
        if name == "FROM":
            image, _as, stage = text.partition(" AS ")
            found.append(Stage(image, stage))
        elif name:
            found[-1].steps.append(Step(name, " ".join(text.split())))
    return found


def environment() -> dict[str, str]:
    """The variables of the image, with its PATH as it stands."""
    steps = [step for step in stages()[-1].steps if step.name == "ENV"]
    return dict(word.split("=", 1) for step in steps for word in shlex.split(step.text))


@dataclass(frozen=True)
class Built:
    """What the first stage leaves, in a folder that stands for the root of its file system."""

    root: Path

    def inside(self, text: str) -> str:
        """A text with the places of the image as they are here."""
        return text.replace("/venv", f"{self.root}/venv").replace("/app", f"{self.root}/app")


def build(root: Path) -> Built:
    """Do the steps of the first stage."""
    built = Built(root)
    work = root
    path = f"{_bin(root)}:{os.environ['PATH']}"
    for step in stages()[0].steps:
        if step.name == "WORKDIR":
            work = Path(built.inside(step.text))
            work.mkdir(parents=True, exist_ok=True)
        elif step.name == "COPY":
            *sources, target = step.text.split()
            for source in sources:
                _copy(ROOT / source, work / target)
        elif step.name == "RUN":
            subprocess.run(
                ["/bin/sh", "-c", built.inside(step.text)],
                cwd=work,
                env={**os.environ, "PATH": path},
                check=True,
                timeout=INSTALL_S,
            )
    return built


def is_open(path: Path) -> bool:
    """Whether every user may use what is at a path."""
    whole = path.resolve()
    return all(each.stat().st_mode & 0o005 == 0o005 for each in (whole, *whole.parents))


def _bin(root: Path) -> Path:
    """A folder whose ``python`` stands for the image's: one that every user may run, if there is one."""
    system = Path("/usr/bin/python3")
    found = system if _makes_venvs(system) else Path(sys.executable)
    folder = root / "bin"
    folder.mkdir(exist_ok=True)
    (folder / "python").symlink_to(found)
    return folder


def _makes_venvs(python: Path) -> bool:
    code = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))"
    if not python.exists():
        return False
    return subprocess.run([python, "-c", code], check=False, capture_output=True).returncode == 0


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target / source.name if target.is_dir() else target)
