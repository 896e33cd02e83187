"""The supervisor that runs inside a sandbox. Standard library alone; small enough to audit."""

PROTOCOL = 1
