"""Sandboxes: a Unix socket each, with a supervisor behind it, whatever provides them."""
