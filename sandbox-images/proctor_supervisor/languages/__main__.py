"""Print what this machine has, as JSON: name → version. Images keep the answer (`languages.json`).

python3 -m proctor_supervisor.languages [FAMILY]
"""

from __future__ import annotations

import json
import sys

from .probe import installed

json.dump(installed(sys.argv[1] if len(sys.argv) > 1 else None), sys.stdout, indent=1)
sys.stdout.write("\n")
