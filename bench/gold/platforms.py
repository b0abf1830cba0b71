"""Platforms and agencies' apps: WeChat, 头条, 百家号, 澎湃, 观察者, and pages whose time stands only in their data."""

from __future__ import annotations

import json

from bench.gold.chrome import SELLING, Chrome, page, paragraphs
from bench.gold.stories import Story


def wechat_ct(s: Story, c: Chrome) -> str:
    """The time is a number in a script; what the page shows is 昨天."""
    stamp = int(s.at.timestamp())
    sections = "".join(f'<section style="margin:0 8px"><p style="line-height:2em"><span style="font-size:15px">{p}</span></p></section><p><br/></p>' for p in s.paragraphs)
    body = f"""<div id="js_article" class="rich_media"><div class="rich_media_inner"><div id="page-content" class="rich_media_area_primary"><h2 class="rich_media_title" id="activity-name">
{s.title}
</h2><div id="meta_content" class="rich_media_meta_list"><span id="copyright_logo" class="rich_media_meta">原创</span><span class="rich_media_meta rich_media_meta_text">{s.author}</span><span class="rich_media_meta rich_media_meta_nickname" id="profileBt"><a id="js_name">{s.source}</a>
<div id="js_profile_qrcode" class="profile_container" style="display:none;"><strong class="profile_nickname">{s.source}</strong><p class="profile_meta"><label>微信号</label><span>lcms2019</span></p><p class="profile_meta"><label>功能介绍</label><span>权威发布，服务市民，关注我们，第一时间了解身边的大事小情。</span></p></div></span>
<em id="publish_time" class="rich_media_meta rich_media_meta_text">昨天</em></div>
<div class="rich_media_content" id="js_content" style="visibility: hidden;">{sections}<p>{SELLING[0]}</p></div>
<div class="rich_media_tool" id="js_toobar3"><div>阅读原文</div><div>阅读</div><div>投诉</div></div></div></div></div>
<div class="qr_code_pc"><p>微信扫一扫<br>关注该公众号</p></div>
<script>var biz = ""; var sn = ""; var ct = "{stamp}"; var svr_time = "{stamp + 86400}"; var publish_time = "{s.at:%Y-%m-%d}" || ""; var msg_title = "{s.title}";</script>"""
    head = f'<meta property="og:title" content="{s.title}" /><meta property="og:url" content="http://mp.weixin.qq.com/s?__biz=MzA=&mid=1" /><meta property="og:site_name" content="微信公众平台" />'
    return page("", head, body)


def wechat_2021(s: Story, c: Chrome) -> str:
    sections = "".join(f"<p style='text-indent:2em;'>{p}</p>" for p in s.paragraphs)
    body = f"""<div id="page-content"><h1 class="rich_media_title" id="activity-name">{s.title}</h1><div id="meta_content"><span class="rich_media_meta_nickname"><a id="js_name">{s.source}</a></span><em id="publish_time"></em></div>
<div class="rich_media_content js_underline_content" id="js_content" style="visibility: hidden; opacity: 0;">{sections}<section><p>编辑：{s.editor or "小文"}</p><p>审核：丁当</p></section><section><p>点个<b>在看</b>你最好看</p></section></div></div>
<script>var oriCreateTime = ''; (function(){{var t="{int(s.at.timestamp())}",n="{int(s.at.timestamp()) + 9}",s="{s.at:%Y-%m-%d}";}})(); var createTime = '{s.at:%Y-%m-%d %H:%M}';</script>"""
    return page("", f'<meta property="og:title" content="{s.title}" /><meta property="twitter:card" content="summary" />', body)


def toutiao(s: Story, c: Chrome) -> str:
    body = f"""<div class="header">{c.nav("nav")}</div><div class="bui-box container"><div class="bui-left index-content"><div class="article-box"><h1 class="article-title">{s.title}</h1>
<div class="article-sub"><span class="original">原创</span> <span>{s.source}</span> <span>{s.at:%Y-%m-%d %H:%M:%S}</span></div><div class="article-content"><div>{paragraphs(s.paragraphs, "")}</div></div>
<div class="article-actions">收藏 举报</div></div><div class="detail-comment"><div class="c-header"><em>{len(s.title)}</em> 条评论</div>{c.comments(16, "c-item")}</div></div>
<div class="bui-right"><h4>相关推荐</h4>{c.summaries(4)}</div></div>"""
    return page(s.title, '<link rel="canonical" href="https://www.toutiao.com/i673/">', body)


def baijiahao(s: Story, c: Chrome) -> str:
    """The year stands only in a meta tag."""
    body = f"""<div id="detail-page"><div class="title_border"><div class="anci_header_content"><div class="article-title"><h2>{s.title}</h2></div><div class="article-desc clearfix"><p class="author-name">{s.source}</p>
<div class="article-source article-source-bjh"><span class="date">发布时间：{s.at:%m-%d}</span><span class="time">{s.at:%H:%M}</span><span class="account-authentication">临川传媒官方帐号</span></div></div></div></div>
<div class="article-content">{"".join(f'<p><span class="bjh-p">{p}</span></p>' for p in s.paragraphs)}<div class="report">举报/反馈</div></div>
<div class="right-area"><h2>作者最新文章</h2>{c.links(4, "div", date=True)}<h2>相关文章</h2>{c.links(5, "div")}</div></div><div class="bottom">© Baidu 使用百度前必读 京ICP证030173号</div>"""
    return page(s.title, f'<meta itemprop="dateUpdate" content="{s.at:%Y-%m-%d %H:%M:%S}"><link rel="canonical" href="https://baijiahao.baidu.com/s?id=16">', body)


def thepaper_2019(s: Story, c: Chrome) -> str:
    body = f"""<div class="header">{c.nav("head_nav")}</div><div class="main_lt"><div class="newscontent"><h1 class="news_title">{s.title}</h1><div class="news_about"><p>{s.author or s.source}</p><p>{s.at:%Y-%m-%d %H:%M} <span>来源：{s.source}</span></p></div>
<div class="news_share">字号</div><div class="news_txt" data-size="standard">{"<br><br>".join(s.paragraphs)}<br><div class="contheight"></div>（原题为《{s.title[:10]}》）<br><span style="color:#999">(本文来自澎湃新闻，更多原创资讯请下载“澎湃新闻”APP)</span></div>
<div class="news_editor">责任编辑：{s.editor}</div><div class="go_back">澎湃新闻报料：4009-20-4009 澎湃新闻，未经授权不得转载</div><div class="news_keyword">关键词 &gt;&gt; 民生</div></div>
<div class="ctread_bd"><h2>相关推荐</h2>{c.links(4)}</div><div id="comm_span">评论（{len(s.title)}）<div class="comment_que">{c.comments(10)}</div></div></div>{c.footer()}"""
    return page(f"{s.title}_直击现场_澎湃新闻-The Paper", '<link rel="canonical" href="https://www.thepaper.cn/newsDetail_forward_45">', body)


def thepaper_2022(s: Story, c: Chrome) -> str:
    data = json.dumps({"props": {"pageProps": {"detailData": {"contentDetail": {"name": s.title, "pubTime": f"{s.at:%Y-%m-%d %H:%M}", "author": s.author}}}}}, ensure_ascii=False)
    body = f"""<div id="__next"><header>{c.nav("index_nav__2_Vg")}</header><main><div class="index_leftcontent__3"><div class="index_wrapper__9rz3z"><h1 class="index_title__B8mhI">{s.title}</h1>
<div class="index_headerContent__Y"><div class="index_left__LfzyH"><div class="ant-space"><div class="ant-space-item"><span>{s.source}</span></div></div><div class="ant-space"><div class="ant-space-item"><span>{s.at:%Y-%m-%d %H:%M}</span></div><div class="ant-space-item">来源：澎湃新闻·澎湃号·政务</div></div></div></div>
<div class="index_cententWrap__Jv8jK">{paragraphs(s.paragraphs, "")}</div><div class="index_statement__4">特别声明 本文为澎湃号作者或机构在澎湃新闻上传并发布，仅代表该作者或机构观点，不代表澎湃新闻的观点或立场。</div></div>
<div class="index_comment__2">{c.comments(6)}</div></div></main></div><script id="__NEXT_DATA__" type="application/json">{data}</script>{c.footer()}"""
    return page(f"{s.title}_政务_澎湃新闻-The Paper", "", body)


def guancha(s: Story, c: Chrome) -> str:
    body = f"""{c.nav("nav")}<ul class="content"><li class="left left-main"><h3>{s.title}</h3><div class="time fix"><span>{s.at:%Y-%m-%d %H:%M:%S}</span> <span>字号：A- A A+</span> <span>来源：{s.source}</span></div><div class="last-update">最后更新: {s.at:%Y-%m-%d} 23:59:01</div>
<div class="content all-txt">{paragraphs(s.paragraphs, "")}</div><div class="u-content-bottom"><span>原标题：{s.title}</span> <span>责任编辑: {s.editor}</span></div></li>
<li class="right"><h4>最热文章</h4>{c.links(9)}</li></ul><div class="gc-comment"><ul id="comments-container">{"".join(f"<li><div class='comment-txt'><p>{x}</p></div></li>" for x in ("说到底还是要靠自己把技术和产业做起来，别人靠不住，这一点已经被无数次证明了。",) * 12)}</ul></div>{c.footer()}"""
    return page(s.title, "", body)


def json_ld_only(s: Story, c: Chrome) -> str:
    data = json.dumps({"@context": "https://schema.org", "@type": "NewsArticle", "headline": s.title, "datePublished": s.at.isoformat(), "author": {"@type": "Person", "name": s.author or "编辑部"}}, ensure_ascii=False)
    body = f"""<header>{c.nav("menu")}</header><main><article><h1>{s.title}</h1><p class="dek">{s.source}</p><div class="body-text">{paragraphs(s.paragraphs, "")}</div></article><aside><h2>热门</h2>{c.summaries(3)}</aside></main><footer>{c.footer()}</footer>"""
    return page(f"{s.title} - 江畔", f'<script type="application/ld+json">{data}</script>', body)


def mobile_folded(s: Story, c: Chrome) -> str:
    """A page for telephones: the text behind the first paragraph is folded until 展开全文 is touched."""
    body = f"""<header class="m_nav">{c.links(4, "span")}</header><article class="art_box"><h1 class="art_tit_h1">{s.title}</h1><time class="weibo_time">{s.at:%Y-%m-%d %H:%M}</time><cite class="art_cite">{s.source}</cite>
<div class="art_main">{paragraphs(s.paragraphs[:1], "")}<div class="art_more" style="display:none">{paragraphs(s.paragraphs[1:], "")}</div></div><div class="look_more"><a>展开全文</a></div><p>打开江畔APP，阅读体验更佳</p></article><section class="feed">{c.summaries(4)}</section>"""
    return page(f"{s.title}_手机江畔网", "", body)
