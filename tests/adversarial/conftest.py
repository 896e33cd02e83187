"""The same providers and tiers as the contract suite."""

from contract.conftest import fresh, kind, provider, run, session

__all__ = ["fresh", "kind", "provider", "run", "session"]
