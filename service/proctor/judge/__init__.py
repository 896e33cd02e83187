"""From a unit of work to its outcome: extraction, planning, comparing, the verdict.

Knows no HTTP, no Redis, no Docker: a unit and a sandbox session go in, an `Outcome` comes out.
"""
