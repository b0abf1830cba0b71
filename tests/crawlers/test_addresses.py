"""Where requests may go."""

from __future__ import annotations

import socket

import pytest

from crawlers.addresses import AddressRefused, check_resolved, check_url, origin, registrable


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/f", "http://localhost/f", "http://10.0.0.8/f", "http://192.168.1.1/", "http://169.254.169.254/latest",
        "http://[::1]/f", "http://[::ffff:127.0.0.1]/", "http://0.0.0.0/", "http://100.64.0.1/", "http://printer.local/",
        "file:///etc/passwd", "data:text/plain,x", "ftp://a.cn/f", "http://user:pw@a.cn/f", "http:///f", "http://a.cn:99999/",
    ],
)  # fmt: skip
def test_refused_addresses(url: str) -> None:
    with pytest.raises(AddressRefused):
        check_url(url, allow_private=False)


@pytest.mark.parametrize("url", ["http://www.example.gov.cn/rss.xml", "https://8.8.8.8/feed", "http://例子.中国/feed"])
def test_public_addresses_pass(url: str) -> None:
    check_url(url, allow_private=False)


def test_private_addresses_pass_only_when_the_setting_says_so() -> None:
    check_url("http://127.0.0.1:8000/feed", allow_private=True)
    with pytest.raises(AddressRefused):
        check_url("file:///etc/passwd", allow_private=True)


def test_a_name_is_refused_when_one_of_its_answers_is_private() -> None:
    with pytest.raises(AddressRefused):
        check_resolved(["93.184.216.34", "10.0.0.1"], allow_private=False)


def test_a_site_is_its_registrable_domain_without_asking_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*args: object) -> None:
        raise AssertionError("asked the network")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    assert registrable("http://rss.police.xian.gov.cn/f") == registrable("https://www.xian.gov.cn/")
    assert registrable("http://a.xian.gov.cn/") != registrable("http://a.baoji.gov.cn/")
    assert registrable("http://127.0.0.1:1/") != registrable("http://127.0.0.1:2/")


def test_an_origin_names_its_port() -> None:
    assert origin("https://A.cn/x") == "https://a.cn:443" and origin("http://a.cn:8080/") == "http://a.cn:8080"
