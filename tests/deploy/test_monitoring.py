"""Dashboard, alerts and documents speak of metrics that the service exports, and of all of them."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from prometheus_client import REGISTRY

import proctor.api.metrics
import proctor.finish.metrics  # noqa: F401

from .docker_cli import ROOT, TAG, build_service_images, docker

ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "dashboards" / "proctor.json"
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()


def exported() -> dict[str, set[str]]:
    """Name of each series that `/metrics` has, as queries name them → the labels of its own."""
    found: dict[str, set[str]] = {}
    for collector, names in REGISTRY._collector_to_names.items():
        labels = {*getattr(collector, "_labelnames", ())}
        for name in names:
            if name.startswith("proctor_") and not name.endswith("_created"):
                found[name] = labels
    return found


def series_in(query: str) -> set[str]:
    return set(re.findall(r"\bproctor_\w+", query))


def dashboard() -> dict[str, object]:
    return dict(json.loads(DASHBOARD.read_text()))


def dashboard_queries() -> list[str]:
    panels = dashboard()["panels"]
    assert isinstance(panels, list)
    return [target["expr"] for panel in panels for target in panel["targets"]]


def alert_queries() -> list[str]:
    return [rule["expr"] for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("query", dashboard_queries() + alert_queries())
def test_queries_name_what_is_exported(query: str) -> None:
    names = exported()
    assert series_in(query) <= {*names, *(f"{name}_bucket" for name in names)}
    for name, matchers in re.findall(r"\b(proctor_\w+)\{([^}]*)\}", query):
        assert set(re.findall(r"(\w+)[=!]", matchers)) <= names[name] | {"le"}
    own = set().union(*(names.get(name, names.get(name.removesuffix("_bucket"), set())) for name in series_in(query)))
    for by in re.findall(r"\bby \(([^)]*)\)", query):
        assert {label.strip() for label in by.split(",")} <= own | {"le"}


def test_the_dashboard_is_whole() -> None:
    panels = dashboard()["panels"]
    assert isinstance(panels, list)
    assert len({panel["id"] for panel in panels}) == len(panels) > 10
    taken = set()
    for panel in panels:
        assert panel["datasource"]["uid"] == "prometheus"
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, f"{panel['title']} lies on another panel"
        assert max(x for x, _ in cells) < 24
        taken |= cells
    provisioned = ROOT / "deploy" / "grafana" / "provisioning"
    (source,) = yaml.safe_load((provisioned / "datasources" / "prometheus.yaml").read_text())["datasources"]
    assert source["uid"] == "prometheus"
    (provider,) = yaml.safe_load((provisioned / "dashboards" / "proctor.yaml").read_text())["providers"]
    mounts = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["grafana"]["volumes"]
    assert f"./deploy/grafana/dashboards:{provider['options']['path']}:ro" in mounts


def test_every_metric_is_documented() -> None:
    """With its labels, and nothing is documented that is not there."""
    documented = {
        name: {label for label in (labels or "").strip("{}").split(",") if label}
        for name, labels in re.findall(r"^\| `(proctor_\w+)(\{[\w,]+\})?` \|", OPERATIONS, re.MULTILINE)
    }
    series = {}
    for collector, names in REGISTRY._collector_to_names.items():
        mine = [n for n in names if n.startswith("proctor_")]
        if mine:
            total = [n for n in mine if n.endswith("_total")]
            series[total[0] if total else min(mine, key=len)] = {*getattr(collector, "_labelnames", ())}
    assert documented == series


def test_every_alert_says_what_to_do() -> None:
    rules = [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]
    documented = set(re.findall(r"^\| `(Proctor\w+)` \|", OPERATIONS, re.MULTILINE))
    assert {rule["alert"] for rule in rules} == documented
    assert all(rule["annotations"]["summary"] and rule["labels"]["severity"] in ("page", "ticket") for rule in rules)


@pytest.mark.docker
@pytest.mark.timeout(600)
def test_alerts_fire_in_their_own_case_and_in_no_other() -> None:
    """By Prometheus's own judgement, and so for the configuration that scrapes the API."""
    build_service_images("proctor-prometheus")
    image = f"proctor-prometheus:{TAG}"
    isolated = ["run", "--rm", "--network=none", "--read-only", "--tmpfs=/tmp", f"--volume={ALERTS.parent}:/rules:ro"]
    docker(*isolated, "--entrypoint=promtool", image, "test", "rules", "/rules/alerts-test.yml")
    tested = yaml.safe_load((ALERTS.parent / "alerts-test.yml").read_text())["tests"]
    fired = {case["alertname"] for test in tested for case in test["alert_rule_test"] if case["exp_alerts"]}
    assert fired == {rule["alert"] for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]}
    check = "touch /tmp/key && promtool check config /etc/proctor/prometheus.yml"
    said = docker(*isolated, "--entrypoint=/bin/sh", image, "-c", check)
    assert f"{len(fired)} rules found" in said
