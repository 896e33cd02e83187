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


def ending(family: str) -> str:
    """What comes after the family's packages, with its name and languages taken out."""
    found = dockerfile(family).rpartition("\nARG SOURCE_DATE_EPOCH=")[2].partition("COPY steps/etc ")
    ending = found[1] + found[2].replace(f"proctor-sandbox-{family}", "proctor-sandbox-FAMILY")
    return re.sub(r'proctor\.languages="[^"]*"', 'proctor.languages="…"', ending)


@pytest.mark.parametrize("family", FAMILIES)
def test_endings_are_the_same(family: str) -> None:
    """Python's but for its threads; the others record what their toolchain says beside that."""
    record = f"RUN sh /tmp/supervisor {family}\n"
    assert record in ending(family)
    python = ending(PYTHON).replace(" OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1", "")
    assert ending(family).replace(record, "RUN sh /tmp/supervisor\n") == python


@pytest.mark.parametrize("family", families())
def test_images_are_made_of_what_was_stripped(family: str) -> None:
    """The packages once the strip has run, the supervisor once it was settled, and nothing else."""
    stages = dockerfile(family).split("\nFROM ")
    assert stages[-3].endswith("COPY steps/etc /etc\nCOPY steps/strip /tmp/strip\nRUN sh /tmp/strip\n")
    assert stages[-3].partition("\n")[0].endswith(" AS packages")
    assert re.findall(r"^(?:COPY|ADD|RUN) .*", stages[-1], re.MULTILINE) == [
        "COPY --from=packages / /",
        "COPY --from=supervisor /image /",
    ]


@pytest.mark.parametrize("family", families())
def test_labels_name_what_the_supervisor_serves(family: str) -> None:
    (said,) = re.findall(r'proctor\.languages="([^"]*)"', dockerfile(family))
    assert set(said.split()) == languages_of(family)
