"""Content, or a door."""

from __future__ import annotations

import pytest

from crawlers.logins import wall
from tests.crawlers.pages import LOGIN, article

ASKED = "https://news.example.cn/a/1.html"
BOX = '<form class="top"><input name="u"><input type="password" name="p"><button>登录</button></form>'
ARTICLE = "<p>" + "西安市公安局通报：5月20日上午，市内发生一起交通事故，多人受伤，伤者已送医。" * 15 + "</p>"


@pytest.mark.parametrize(
    ("html", "url"),
    [
        ("<title>用户登录</title><form><input name=u><input type=password name=p></form>", ASKED),
        ("<title>统一身份认证平台</title><div id=app></div>", ASKED),
        ("<title>首页</title><div id=app></div>", "https://news.example.cn/passport/login?back=/a/1.html"),
        ("<title>新闻</title><p>请先登录后查看全文</p>", ASKED),
        ("<title>环境异常</title><p>当前环境异常，完成验证后即可继续访问。</p>", ASKED),
        ("<title>Just a moment...</title><noscript>Enable JavaScript</noscript>", ASKED),
        ("<title>安全验证</title><script>" + "var a=1;" * 500 + "</script><p>请拖动滑块</p>", ASKED),
        (LOGIN, ASKED),
        (f"<title>会员中心</title><input type='password'>{ARTICLE}", "https://news.example.cn/sso/index"),
    ],
)
def test_doors_are_seen(html: str, url: str) -> None:
    assert "不是内容" in wall(html, url, ASKED)


@pytest.mark.parametrize(
    ("html", "url"),
    [
        (f"<title>通报</title>{ARTICLE}", ASKED),
        (f"<title>通报</title><form>登录<input type=password></form>{ARTICLE}", ASKED),
        (f"<title>居民登录平台可查户籍办理进度</title>{ARTICLE}", ASKED),
        ("<title>一图读懂</title><img src=a.png>", "https://news.example.cn/a/1.htm"),
        (f"<title>平台上线</title>{ARTICLE}", "https://news.example.cn/login/news/1.html"),
        (article("某市通报一起警情").replace("<body>", f"<body>{BOX}"), ASKED),
        (article("登录门事件调查结果公布"), ASKED),
        (article("某网站要求登录后查看引发争议"), ASKED),
        ("<title>警情通报</title><p>已抓获嫌疑人。</p>", ASKED),
    ],
)
def test_content_is_let_through(html: str, url: str) -> None:
    assert wall(html, url, ASKED) == ""
