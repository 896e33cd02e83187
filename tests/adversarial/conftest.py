"""The same providers and tiers as the contract suite."""

from contract.conftest import _except_gvisor, fresh, kind, provider, run, session

__all__ = ["_except_gvisor", "fresh", "kind", "provider", "run", "session"]
