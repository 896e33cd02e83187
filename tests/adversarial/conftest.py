"""The same providers and tiers as the contract suite."""

from contract.conftest import kind, provider

__all__ = ["kind", "provider"]
