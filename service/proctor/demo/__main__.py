"""`python -m proctor.demo`."""

import sys

import typer

from proctor.cli import guarded
from proctor.demo.run import demo

sys.exit(guarded(lambda: typer.run(demo)))
