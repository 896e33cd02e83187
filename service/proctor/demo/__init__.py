"""`proctor demo`: a service of its own, bundled problems over HTTP, a table of verdicts and rewards."""

from proctor.demo.run import demo

__all__ = ["demo"]
