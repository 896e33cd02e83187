"""Tests of kind `script` and `function` in languages that compile and run by command."""
