"""The big portals as they marked up articles through the years. Invented text in the shapes of real pages."""

from __future__ import annotations

import json

from bench.gold.chrome import SELLING, SPAM, Chrome, page, paragraphs
from bench.gold.stories import Story


def sina_2009(s: Story, c: Chrome) -> str:
    body = f"""{c.nav("headNav")}<div class="blkBreadcrumbLink"><a href="/">新闻中心</a> &gt; <a href="/s/">社会新闻</a> &gt; 正文</div>
<div class="blkContainerSblk"><h1 id="artibodyTitle">{s.title}</h1>
<div class="artInfo"><span id="art_source"><a href="#">http://www.sina.com.cn</a></span>&nbsp;&nbsp;<span id="pub_date">{s.at:%Y年%m月%d日%H:%M}</span>&nbsp;&nbsp;<span id="media_name"><a href="#">{s.source}</a></span></div>
<div class="blkContainerSblkCon" id="artibody">
{paragraphs(s.paragraphs[:1])}
<div class="otherContent_01" style="float:left;width:300px"><h4>相关报道</h4><ul>{c.links(4)}</ul></div>
{paragraphs(s.paragraphs[1:])}
<p><span class="show_author">(编辑：{s.editor})</span></p>
</div><div class="page_tools">【<a href="#">发表评论</a>】【<a>大</a> <a>中</a> <a>小</a>】【打印】【关闭】</div></div>
<div class="blkComment"><a href="#">已有_COUNT_条评论</a> 我要评论</div>
<div class="moduleSingleLinks"><h3>新闻排行</h3><ul>{c.links(12)}</ul></div>{c.footer()}"""
    return page(f"{s.title}_新闻中心_新浪网", "", body, "gb2312", '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN">')


def sina_2019(s: Story, c: Chrome) -> str:
    head = f'<meta property="og:title" content="{s.title}" /><meta property="og:url" content="https://news.sina.com.cn/s/doc-ihsx{s.at:%d%H%M}.shtml" /><meta property="article:published_time" content="{s.at.isoformat()}" />'
    body = f"""{c.nav("main-nav")}<h1 class="main-title">{s.title}</h1>
<div class="top-bar-wrap"><div class="date-source"><span class="date">{s.at:%Y年%m月%d日 %H:%M}</span> <span class="source">{s.source}</span></div><div class="page-tools">分享到微博 <span class="tool-icon">评论</span></div></div>
<div class="article-content clearfix" id="article_content"><div class="article-content-left"><div class="article" id="artibody">
<p>　　原标题：{s.title[:12]}……详情来了</p>
{paragraphs(s.paragraphs)}
<div class="appendQr_wrap"><p>新浪新闻公众号</p><p>更多猛料！欢迎扫描左方二维码关注新浪新闻官方微信</p></div>
<p class="show_author">责任编辑：{s.editor} </p></div>
<div class="keywords" id="keywords">关键字 : <a href="#">民生</a></div>
<div class="cmnt-box"><div class="hd">{len(s.title)}条评论|4,121人参与</div>{c.comments(4)}</div></div>
<div class="article-content-right"><h2>阅读排行榜</h2>{c.links(10)}</div></div>{c.footer()}"""
    return page(f"{s.title}|民生_新浪新闻", head, body)


def netease_2010(s: Story, c: Chrome) -> str:
    body = f"""{c.nav("N-nav")}<div class="endContent"><h1 id="h1title">{s.title}</h1>
<div class="info"> {s.at:%Y-%m-%d %H:%M:%S}　来源: <a href="#" target="_blank">{s.source}</a>({"临川"})　跟贴 <a href="#comment">128</a> 条 手机看新闻</div>
<div id="endText">
<p class="summary">核心提示：{s.paragraphs[0][:40]}</p>
{paragraphs(s.paragraphs)}
<div class="gg300" style="float:left;"><span>广告</span></div>
<span class="cDGray right">(本文来源：{s.source} {f"作者：{s.author}" if s.author else ""})</span> <span class="ep-editor">责任编辑：{s.editor or "NN001"}</span></div>
<div class="relNews"><h3>相关新闻</h3><ul>{c.links(6, date=True)}</ul></div></div>
<div class="tie-area">{c.comments(6, "tie-item")}</div>{c.footer()}"""
    return page(f"{s.title}_网易新闻中心", "", body, "gbk")


def netease_2019(s: Story, c: Chrome) -> str:
    head = f'<meta property="og:title" content="{s.title}" /><meta property="article:published_time" content="{s.at.isoformat()}" /><link rel="canonical" href="https://news.163.com/19/0907/13/EOFU9L.html" />'
    body = f"""{c.nav("ntes-nav")}<div class="post_content post_area"><div class="post_content_main" id="epContentLeft"><h1>{s.title}</h1>
<div class="post_time_source">{s.at:%Y-%m-%d %H:%M:%S}　来源: <a id="ne_article_source" href="#">{s.source}</a> <a class="post_jubao">举报</a></div>
<div class="post_body"><div class="post_text" id="endText">
<p class="otitle">（原标题：{s.title}）</p>
{paragraphs(s.paragraphs[:2], "")}
<div class="gg200x300"><div class="at_item right_ad_item">广告 {c.head()}</div></div>
{paragraphs(s.paragraphs[2:], "")}
<div class="related_article"><h2>延伸阅读</h2><ul>{c.links(3)}</ul></div>
<div class="ep-source cDGray"><span class="left"><a href="#"></a> 本文来源：{s.source}</span><span class="ep-editor">责任编辑：{s.editor}_NB12345</span></div>
</div></div><div class="post_comment"><div class="tie-area">{c.comments(14, "tie-item")}</div></div></div>
<div class="post_content_side"><h2>热点新闻</h2>{c.summaries(4)}</div></div>{c.footer()}"""
    return page(f"{s.title}_网易新闻", head, body)


def sohu_2012(s: Story, c: Chrome) -> str:
    body = f"""{c.nav("nav")}<div class="location"><a>新闻中心</a> &gt; <a>社会新闻</a></div><div class="content-box clear"><h1 itemprop="headline">{s.title}</h1>
<div class="time-fun clear"><div class="time-source"><div class="time" itemprop="datePublished" content="{s.at.isoformat()}">{s.at:%Y年%m月%d日%H:%M}</div> <div class="source">来源：<span id="media_span"><span itemprop="name">{s.source}</span></span></div></div><div class="fun">我来说两句(<span>12</span>人参与) 打印 大 中 小</div></div>
<div itemprop="articleBody" id="contentText">
{paragraphs(s.paragraphs)}
<div class="original-title">原标题：{s.title}</div><div id="shareIn">分享：</div><div class="editShare"><div class="editUsr">(责任编辑：{s.editor})</div></div></div></div>
<div class="mutual">{c.links(8)}</div>{c.footer()}"""
    return page(f"{s.title}-搜狐新闻", "", body, "gbk")


def sohu_2018(s: Story, c: Chrome) -> str:
    head = f'<meta property="og:url" content="www.sohu.com/a/2345_678" /><meta itemprop="datePublished" content="{s.at:%Y-%m-%d %H:%M}" />'
    body = f"""{c.nav("area-nav")}<div class="left main"><div class="text" data-spm="content"><div class="text-title"><h1>{s.title} <span class="article-tag"></span></h1>
<div class="article-info"><span class="time" id="news-time" data-val="{int(s.at.timestamp())}000">{s.at:%Y-%m-%d %H:%M}</span> <span class="tag">来源：<a>{s.source}</a></span></div></div>
<article class="article" id="mp-editor"><p data-role="original-title" style="display:none">原标题：{s.title}</p>
{paragraphs(s.paragraphs[:-1], "")}
<p>{s.paragraphs[-1]}<a href="//www.sohu.com/?strategyid=00001" target="_blank" title="点击进入搜狐首页" id="backsohucom"><span class="backword"><i class="backsohu"></i>返回搜狐，查看更多</span></a></p>
<p data-role="editor-name">责任编辑：<span></span></p></article>
<div class="statement">声明：该文观点仅代表作者本人，搜狐号系信息发布平台，搜狐仅提供信息存储空间服务。</div><div class="read-wrap">阅读 ()</div></div>
<div class="groom-read"><h3>推荐阅读</h3>{c.summaries(5)}</div></div><div class="sidebar right">{c.links(9)}</div>{c.footer()}"""
    return page(f"{s.title}_{s.source}", head, body)


def qq_2011(s: Story, c: Chrome) -> str:
    body = f"""{c.nav("navBeta")}<div id="C-Main-Article-QQ"><div class="hd"><h1>{s.title}</h1><div class="tit-bar clearfix"><div class="ll"><span class="color-a-0">社会新闻</span> <span class="color-a-1">{s.source}</span> <span class="article-time">{s.at:%Y-%m-%d %H:%M}</span></div><div class="rr">我要评论(<b>0</b>) 字号：T|T</div></div></div>
<div class="bd"><div id="Cnt-Main-Article-QQ" bossZone="content">
<div class="titdd-Article"><p>[导读]{s.paragraphs[0][:30]}</p></div>
{paragraphs(s.paragraphs[:1])}
<table class="relNews" bosszone="ep" align="left"><tr><td><div class="rel"><strong>相关新闻</strong>{c.links(3, "p")}</div></td></tr></table>
{paragraphs(s.paragraphs[1:])}
<div id="invideocon"></div></div><div class="ft"><div class="ft-info">[责任编辑：{s.editor or "colin"}]</div><div class="fshare">分享到： QQ空间 腾讯微博</div></div></div></div>
<div class="mod-hot"><h2>今日热点</h2>{c.links(10)}</div>{c.footer()}"""
    return page(f"{s.title}_新闻_腾讯网", '<meta name="author" content="腾讯" />', body, "gb2312")


def qq_2019(s: Story, c: Chrome) -> str:
    data = json.dumps({"article_id": "20190907A0", "title": s.title, "media": s.source, "pubtime": f"{s.at:%Y-%m-%d %H:%M:%S}"}, ensure_ascii=False)
    head = f'<script>window.DATA = {data}</script><meta name="apub:time" content="{s.at:%Y-%m-%d} 23:58:50" /><link rel="canonical" href="https://new.qq.com/omn/20190907/20190907A0.html">'
    body = f"""{c.nav("nav")}<div class="qq_conent clearfix"><div class="LEFT"><h1>{s.title}</h1><div class="content clearfix">
<div class="content-article" bosszone="content">
{paragraphs(s.paragraphs, "", 'p class="one-p"').replace('</p class="one-p">', "</p>")}
<div id="Status"></div></div><div id="Comment"></div></div></div>
<div class="LeftTool"><div class="year through"><span>{s.at:%Y}</span></div><div class="md">{s.at:%m/%d}</div><div class="time">{s.at:%H:%M}</div><div class="share">分享</div></div>
<div class="RIGHT"><h2>相关推荐</h2>{c.links(8)}</div></div><p class="disclaimer">免责声明：本文来自腾讯新闻客户端自媒体，不代表腾讯网的观点和立场。</p>{c.footer()}"""
    return page(f"{s.title}_腾讯新闻", head, body)


def ifeng_2013(s: Story, c: Chrome) -> str:
    body = f"""{c.nav("header")}<div class="left" id="artical"><h1 id="artical_topic" itemprop="headline">{s.title}</h1>
<div id="artical_sth"><p><span itemprop="datePublished" class="ss01">{s.at:%Y年%m月%d日 %H:%M}</span><br />来源：<span class="ss03"><a>{s.source}</a></span> {f"作者：<span>{s.author}</span>" if s.author else ""}</p></div>
<div id="artical_real" class="js_img_share_area"><div id="main_content" class="js_selection_area" itemprop="articleBody">
<p class="yuanbiaoti">原标题：{s.title}</p>
{paragraphs(s.paragraphs)}
</div></div><div id="artical_sth2"><p class="iphone_none">[责任编辑：<span itemprop="author">{s.editor or "PN061"}</span>]</p></div>
<div class="commentBox"><h3>网友评论</h3>{c.comments(9)}</div></div><div class="right"><h3>凤凰资讯排行</h3>{c.links(12)}</div>{c.footer()}"""
    return page(f"{s.title}_资讯频道_凤凰网", "", body)


def ifeng_2019(s: Story, c: Chrome) -> str:
    body = f"""<div class="nav-2kP1uOZ1">{c.links(8, "span")}</div><div class="artical-25JqdTwB" id="root"><h1 class="topic-3bY8Hw-9">{s.title}</h1>
<div class="info-9cLtqLlQ"><p class="time-M6w87NaQ"><span>{s.at:%Y年%m月%d日 %H:%M:%S}</span></p><p class="source-2pXi2vGI">来源：<span class="source-2pXi2vGI"><a>{s.source}</a></span></p></div>
<div class="main_content-r5RGqegj"><div class="text-3w2e3DBc">
{paragraphs(s.paragraphs, "")}
</div><span class="end-1fdTmH_c"></span></div><div class="editor-1uOaXk7X">[责任编辑：{s.editor} PN061]</div>
<div class="comment-2Bma7">{c.comments(6)}</div></div><div class="recommend-3hT2">为您推荐{c.summaries(5)}</div>{c.footer()}"""
    return page(f"{s.title}_凤凰网资讯_凤凰网", "", body)


def ifeng_data(s: Story, c: Chrome) -> str:
    """Nothing in the tree: the article stands in a script."""
    inner = paragraphs(s.paragraphs, "")
    data = json.dumps({"docData": {"title": s.title, "newsTime": f"{s.at:%Y-%m-%d %H:%M:%S}", "source": s.source, "contentData": {"contentList": [{"type": "text", "data": inner}]}}}, ensure_ascii=False)
    body = f'<div id="root"></div><div class="nav">{c.links(6, "span")}</div><script>var allData = {data};</script>{c.footer()}'
    return page(f"{s.title}_凤凰网", f'<meta property="og:title" content="{s.title}" />', body)


def portal_spam(s: Story, c: Chrome) -> str:
    """Hidden words for search engines in the middle of the text, three ways; promotion as paragraphs of its own."""
    half = len(s.paragraphs) // 2 + 1
    body = f"""{c.nav("topnav")}<div class="wrap"><h1 class="art-title">{s.title}</h1><p class="art-info"><span>{s.at:%Y-%m-%d %H:%M}</span> <span>来源：{s.source}</span> <span>编辑：{s.editor or "小文"}</span></p>
<div class="art-con">{paragraphs(s.paragraphs[:1])}<p style="display: none">{SPAM}</p>{paragraphs(s.paragraphs[1:half])}
<div style="position:absolute;left:-9999px">{SPAM}<a href="http://x/">更多</a></div><p class="seo">{SPAM}</p>
{paragraphs(s.paragraphs[half:])}<p>{SELLING[0]}</p><p><strong>{SELLING[1]}</strong></p><p>{SELLING[3]}</p></div></div>
<div class="hot"><h3>大家都在看</h3>{c.links(8)}</div>{c.footer()}"""
    return page(f"{s.title}-临川在线", "<style>.seo{{display:none}} .art-con p{{line-height:2}}</style>".replace("{{", "{").replace("}}", "}"), body)
