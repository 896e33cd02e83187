"""The HTTP door: reads requests within bounds, hands them to the queue, answers from it. See docs/architecture.md."""
