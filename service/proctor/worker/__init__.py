"""The worker process: take units, run them, send outcomes. One process, one sandbox, one sample at a time."""
