"""Data sets as files: read and written in a stream, converted, and checked. The service itself needs none of it."""
