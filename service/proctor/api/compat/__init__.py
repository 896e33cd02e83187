"""Protocols of others on Proctor's port, one a module, so that users switch by changing a URL.

Each module translates: a body into samples or programs, results into the body its clients read. What runs them
(`ports`) and what keeps our failures from becoming rewards (`patience`) is shared.
"""

from __future__ import annotations

from fastapi import APIRouter

from proctor.api.compat import code_judge, nemo_gym, openrlhf, piston, sandbox_fusion, slime
from proctor.api.compat.ports import PortsOf, queue_ports
from proctor.settings import Settings


def routers(settings: Settings, ports_of: PortsOf = queue_ports) -> list[APIRouter]:
    """The routers of the protocols that `settings` leaves on."""
    switches = (
        (settings.serve_sandbox_fusion, sandbox_fusion),
        (settings.serve_piston, piston),
        (settings.serve_openrlhf, openrlhf),
        (settings.serve_slime, slime),
        (settings.serve_nemo_gym, nemo_gym),
        (settings.serve_code_judge, code_judge),
    )
    return [module.router(ports_of) for on, module in switches if on]
