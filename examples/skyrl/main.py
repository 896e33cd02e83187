"""SkyRL: registers Proctor's environment, then trains as usual. In the data, `env_class: "proctor"`.

Options in the config: environment.skyrl_gym.proctor.url=http://127.0.0.1:8000
Tests: `reward_spec.ground_truth` of each row, as JSON.
"""

import skyrl_gym

skyrl_gym.register(id="proctor", entry_point="proctor.trainers.skyrl:ProctorEnv")

if __name__ == "__main__":
    env = skyrl_gym.make(
        "proctor",
        env_config={"url": "http://127.0.0.1:8000"},
        extras={"reward_spec": {"ground_truth": '{"inputs": ["3\\n"], "outputs": ["9\\n"]}'}},
    )
    env.init([{"role": "user", "content": "Read a number and print its square."}])
    print(env.step("```python\nprint(int(input()) ** 2)\n```"))
