"""Print what this machine has, as JSON: name → version. Images keep the answer (`languages.json`)."""

from __future__ import annotations

import json
import sys

from .probe import installed

json.dump(installed(), sys.stdout, indent=1)
sys.stdout.write("\n")
