"""Servers of thinking-reward models, one a file."""
