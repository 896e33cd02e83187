"""`proctor doctor`: proves the sandbox of this installation by attacking it."""

from proctor.doctor.examine import Finding, examine

__all__ = ["Finding", "examine"]
