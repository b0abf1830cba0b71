"""A policy that reaches nobody is refused by `check`."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace

import pytest

from flow import reach
from tests.config.test_incident_by_commands import Script
from tests.flow.city import POLICY, at, user

NOW = at("2026-11-23 10:00")


def problems(ladder=POLICY.ladder):
    wrong, notes = reach.problems(ladder, NOW)
    return [(p["file"], p["key"], p["value"]) for p in wrong], notes


@pytest.mark.django_db
def test_where_nobody_who_was_hired_could_hear_anything_it_is_said_once():
    user("fen", "analyst")
    wrong, notes = problems()
    assert wrong == [("escalation.toml", "level", "duty_officer、shift_leader、centre_head、bureau_leader")] and notes == []


@pytest.mark.django_db
def test_a_house_that_has_hired_nobody_yet_is_told_what_to_do_not_refused():
    user("root", "admin")
    wrong, notes = problems()
    assert wrong == [] and len(notes) == 1 and "createuser" in notes[0]


@pytest.mark.django_db
def test_one_person_reaches_every_kind_that_goes_as_far_as_them_and_empty_levels_are_noted():
    user("zhang", "duty_officer")
    wrong, notes = problems()
    assert wrong == [] and len(notes) == 3 and "shift_leader" in notes[0]


@pytest.mark.django_db
def test_a_kind_whose_levels_have_nobody_is_refused_though_others_have():
    user("zhao", "bureau_leader")
    wrong, _ = problems()
    assert {key.partition(".")[0] for _, key, _ in wrong} == {"source_silent", "system"}


@pytest.mark.django_db
def test_people_whose_account_is_off_reach_nobody():
    gone = user("zhang", "duty_officer")
    gone.is_active = False
    gone.save()
    user("fen", "analyst")
    assert [key for _, key, _ in problems()[0]] == ["level"]


@pytest.mark.django_db
def test_a_role_that_does_not_exist_is_refused_by_its_key():
    user("zhang", "duty_officer")
    first, *others = POLICY.ladder.levels
    odd = replace(POLICY.ladder, levels=(first, replace(others[0], role="nobody"), *others[1:]))
    assert ("escalation.toml", "level[2].role", "nobody") in problems(odd)[0]


def test_check_names_file_key_value_and_hint_and_ends_with_one(huiying, service_env, tmp_path, settings):
    script = Script(huiying, service_env, tmp_path)
    assert script("check")["ok"]  # nobody has been hired yet
    script.people(fen="analyst")
    [problem] = script("check", code=1)["problems"]
    assert problem["file"] == "escalation.toml" and problem["key"] == "level" and "createuser" in problem["hint"]
    script.people(zhang="duty_officer")
    assert script("check")["ok"]
    folder = tmp_path / "policy"
    shutil.copytree(settings.BASE_DIR / "config", folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    file = folder / "escalation.toml"
    file.write_text(file.read_text().replace('role = "shift_leader"', 'role = "shift_boss"'))
    env = service_env | {"HUIYING_CONFIG": str(folder)}
    [problem] = Script(huiying, env, tmp_path)("check", code=1)["problems"]
    assert (problem["key"], problem["value"]) == ("level[2].role", "shift_boss")
    assert subprocess.run([*huiying, "status"], env=env, capture_output=True).returncode == 0  # only check says it
