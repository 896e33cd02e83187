"""What runs by command: one file per language. `python3 -m proctor_supervisor.languages` says what this machine has."""
