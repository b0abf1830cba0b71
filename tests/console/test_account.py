"""Log-in, the first password, and who is whom."""

from __future__ import annotations

import pytest
from django.test import Client

from console.models import Profile
from tests.console import city

pytestmark = pytest.mark.django_db
NEW = "a-quite-new-pass-7"


def log_in(client, name, password=city.PASSWORD, path="/login/"):
    return client.post(path, {"username": name, "password": password, "next": ""})


def test_log_in_leads_to_the_desk_and_out_again(db):
    city.person("li", "duty_officer")
    client = Client()
    assert log_in(client, "li").url == "/"
    assert "值班员" in client.get("/").content.decode()
    assert client.post("/logout/").url == "/login/"
    assert client.get("/").status_code == 302


def test_a_wrong_password_is_refused_in_chinese(db):
    city.person("li", "duty_officer")
    html = log_in(Client(), "li", "wrong").content.decode()
    assert "请输入正确的" in html or "用户名" in html
    assert "_auth_user_id" not in Client().session


def test_log_in_leads_back_only_to_this_server(db):
    city.person("li", "duty_officer")
    response = Client().post("/login/", {"username": "li", "password": city.PASSWORD, "next": "https://evil.example/"})
    assert response.url == "/"
    response = Client().post("/login/", {"username": "li", "password": city.PASSWORD, "next": "/wall/"})
    assert response.url == "/wall/"


def test_the_printed_password_is_changed_before_anything_else(db):
    user = city.person("root", "admin")
    Profile.objects.create(user=user, must_change_password=True)
    client = Client()
    log_in(client, "root")
    for path in ("/", "/wall/", "/events/", "/sources/"):
        assert client.get(path).url == "/password/", path
    assert client.get("/desk/live/", HTTP_HX_REQUEST="true").status_code == 401
    assert client.post("/alerts/ack/", {"key": "x"}).url == "/password/"
    assert "初始密码" in client.get("/password/").content.decode()
    passwords = {"old_password": city.PASSWORD, "new_password1": NEW, "new_password2": NEW}
    assert client.post("/password/", passwords).url == "/"
    assert client.get("/").status_code == 200
    assert not Profile.objects.get(user=user).must_change_password


def test_a_weak_new_password_is_refused_with_the_reason(db):
    user = city.person("root", "admin")
    Profile.objects.create(user=user, must_change_password=True)
    client = Client()
    log_in(client, "root")
    passwords = {"old_password": city.PASSWORD, "new_password1": "123", "new_password2": "123"}
    html = client.post("/password/", passwords).content.decode()
    assert "密码" in html and 'role="alert"' in html
    assert Profile.objects.get(user=user).must_change_password


def test_a_forged_post_is_refused(db):
    user = city.person("li", "duty_officer")
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    response = client.post("/alerts/ack/", {"key": "x"})
    assert response.status_code == 403
    assert "请返回再提交一次" in response.content.decode()
