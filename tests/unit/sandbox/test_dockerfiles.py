"""The sandbox images' Dockerfiles end alike. `docker build` has no include: what they share is held together here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from proctor_supervisor.languages.table import PYTHON, families, languages_of

IMAGES = Path(__file__).resolve().parents[3] / "sandbox-images"
FAMILIES = [family for family in families() if family != PYTHON]


def dockerfile(family: str) -> str:
    return (IMAGES / family / "Dockerfile").read_text()


def last_stage(family: str) -> str:
    """What the image is made of, with the family's name and languages taken out."""
    stage = dockerfile(family).rpartition("\nFROM scratch\n")[2]
    stage = stage.replace(f"proctor-sandbox-{family}", "proctor-sandbox-FAMILY")
    return re.sub(r'proctor\.languages="[^"]*"', 'proctor.languages="…"', stage)


@pytest.mark.parametrize("family", FAMILIES)
def test_last_stages_are_the_same(family: str) -> None:
    """Python's but for its threads; the others' record what their toolchain says beside that."""
    record = f"RUN cd /opt/proctor && python3 -B -m proctor_supervisor.languages {family} > languages.json"
    assert record in last_stage(family)
    rest = "".join(line for line in last_stage(family).splitlines(True) if not line.startswith(record))
    assert rest == last_stage(PYTHON).replace(" OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1", "")


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_removed_is_the_same(family: str) -> None:
    def cleaning(family: str) -> set[str]:
        (found,) = re.findall(r"&& rm -rf (/var/lib/apt (?:.*\\\n)+.*)", dockerfile(family))
        return set(re.findall(r"/\S+", found))

    assert len(cleaning(PYTHON)) > 10
    assert cleaning(family) == cleaning(PYTHON)
    assert "-perm /6000 -exec chmod a-s {} +" in dockerfile(family)


@pytest.mark.parametrize("family", families())
def test_labels_name_what_the_supervisor_serves(family: str) -> None:
    (said,) = re.findall(r'proctor\.languages="([^"]*)"', dockerfile(family))
    assert set(said.split()) == languages_of(family)
