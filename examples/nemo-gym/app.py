"""NeMo-Gym's resources server: put it at `resources_servers/proctor/app.py` and name it in your config.

Tests stand in `verifier_metadata.unit_tests` of each row: {"inputs": […], "outputs": […], "fn_name": null}.
"""

from proctor.trainers.nemo_gym import resources_server

if __name__ == "__main__":
    resources_server("http://127.0.0.1:8000", run="nemo-gym-example").run_webserver()
