"""Small sites: governments, local papers, old tables, publishing systems off the shelf. Invented text in real shapes."""

from __future__ import annotations

from bench.gold.chrome import SELLING, Chrome, page, paragraphs
from bench.gold.stories import Story


def gov_notice(s: Story, c: Chrome) -> str:
    """A notice with its index card above: three dates stand there, only one is the publication."""
    body = f"""{c.nav("nav")}<div class="position">您现在的位置：<a>首页</a> &gt; <a>政务公开</a> &gt; <a>通知公告</a></div>
<table class="bd1"><tr><td><b>索引号：</b></td><td>000014349/2019-00021</td><td>主题分类：</td><td>公安、安全、司法\\其他</td></tr><tr><td>发文机关：</td><td>{s.source}</td><td>成文日期：</td><td>2011年01月05日</td></tr></table>
<div class="article"><h1 class="title">{s.title}</h1><div class="pages-date">发布时间：{s.at:%Y-%m-%d %H:%M}　来源：{s.source}　浏览次数：<span>2168</span>　字体：[大 中 小]</div>
<div class="TRS_Editor"><style>.TRS_Editor P{{margin:0}}</style>{paragraphs(s.paragraphs)}</div><div class="fujian">附件下载：</div><div class="btn"><a>打印本页</a> <a>关闭窗口</a></div><div class="ewm">扫一扫在手机打开当前页</div></div>
<div class="foot">主办：临川市人民政府办公室 网站标识码：3600000001 赣公网安备 36000000000001号</div>"""
    return page(f"{s.title}_通知公告_临川市人民政府", f'<meta name="ColumnName" content="通知公告"><meta name="PubDate" content="{s.at:%Y-%m-%d %H:%M}">', body)


def gov_vsb(s: Story, c: Chrome) -> str:
    body = f"""<div class="top">今天是2022年10月1日 星期六 {c.links(5, "span")}</div><form name="_newscontent_fromname"><div><h1 class="arti_title">{s.title}</h1><p class="arti_metas"><span>发布时间：{s.at:%Y-%m-%d %H:%M}</span> <span>浏览次数：<i>86</i></span></p>
<div id="vsb_content" class="v_news_content">{"".join(f'<p class="vsbcontent_start" style="text-indent:28pt"><span>{p}</span></p>' for p in s.paragraphs)}</div><p>【<a>关闭</a>】</p></div></form><div>上一条：<a>{c.head()}</a><br>下一条：<a>{c.head()}</a></div>
<div id="footer">地址：临川市文昌街1号 邮编：330000 版权所有</div>"""
    return page(f"{s.title}-临川市公安局", "", body)


def old_tables(s: Story, c: Chrome) -> str:
    """No class, no id, no declared charset: <font>, <br> and tables in tables."""
    text = "<br><br>".join("&nbsp;&nbsp;&nbsp;&nbsp;" + p for p in s.paragraphs)
    return f"""<html><head><title>{s.title} - {s.source}</title></head><body bgcolor=#ffffff><table width=778 align=center><tr>{"".join(f"<td><a href=a{n}.asp>栏目{n}</a></td>" for n in range(9))}</tr></table>
<table width=778 align=center><tr><td width=180 valign=top><b>热点新闻</b><br>{c.links(10, "div")}</td><td valign=top><table width=100%><tr><td align=center><font size=4 color=red><b>{s.title}</b></font></td></tr>
<tr><td align=center><font color=#666666>{s.at.year}-{s.at.month}-{s.at.day} {s.at:%H:%M:%S} 来源：{s.source} 阅读：{len(s.title)}次</font></td></tr><tr><td><font style="font-size:14px">{text}</font></td></tr><tr><td align=right>【<a href="javascript:window.print()">打印</a>】【<a>关闭</a>】</td></tr></table></td></tr></table>
<center>Copyright 2006 {s.source} 地址：临川市</center></body></html>"""


def discuz_portal(s: Story, c: Chrome) -> str:
    body = f"""{c.nav("nv")}<div id="pt" class="bm cl"><a>门户</a> › <a>本地</a> › 查看内容</div><div class="bm vw"><div class="h hm"><h1 class="ph">{s.title}</h1><p class="xg1">{s.at.year}-{s.at.month}-{s.at.day} {s.at:%H:%M}| 发布者: <a>admin</a>| 查看: 3121| 评论: 6|来自: {s.source}</p></div>
<div class="s"><div><strong>摘要</strong>: {s.paragraphs[0][:50]} ...</div></div><div class="d"><table class="vwtb"><tr><td id="article_content">{"".join(f"<div>　　{p}</div>" for p in s.paragraphs)}</td></tr></table><div id="click_div">鲜花 握手 雷人 路过 鸡蛋</div></div><div class="o cl"><a>收藏</a> <a>分享</a> <a>邀请</a></div><div class="pren pbm cl"><em>上一篇：<a>{c.head()}</a></em><em>下一篇：<a>{c.head()}</a></em></div></div>
<div id="comment" class="bm"><h3>最新评论</h3>{c.comments(5, "ptm pbm bbda cl")}</div>{c.footer()}"""
    return page(f"{s.title} - 临川论坛 - Powered by Discuz!", "", body, "gbk")


def dedecms(s: Story, c: Chrome) -> str:
    body = f"""{c.nav("nav")}<div class="place"><strong>当前位置:</strong> <a>主页</a> &gt; <a>新闻</a> &gt; </div><div class="viewbox"><div class="title"><h2>{s.title}</h2></div><div class="info"><small>时间:</small>{s.at:%Y-%m-%d %H:%M}<small>来源:</small>{s.source}<small>作者:</small>{s.author or "admin"}<small>点击:</small>185次</div><div class="intro">{s.paragraphs[0][:45]}...</div>
<div class="content"><table width="100%"><tr><td>{paragraphs(s.paragraphs)}<p>（责任编辑：admin）</p></td></tr></table></div><div class="newdigg">顶一下 (0) 0% 踩一下 (0) 0%</div><div class="context"><ul><li>上一篇：<a>{c.head()}</a></li><li>下一篇：没有了</li></ul></div></div><div class="mt1"><dl class="tbox"><dt><strong>栏目列表</strong></dt><dd>{c.links(8)}</dd></dl></div>{c.footer()}"""
    return page(f"{s.title}_临川资讯网", "", body, "gb2312")


def wordpress(s: Story, c: Chrome) -> str:
    body = f"""<div id="page"><header class="site-header"><h1 class="site-title"><a>江畔笔记</a></h1>{c.nav("menu")}</header><main><article class="post hentry"><header class="entry-header"><h2 class="entry-title">{s.title}</h2><div class="entry-meta">发布于 <time class="entry-date published" datetime="{s.at.isoformat()}">{s.at.year}年{s.at.month}月{s.at.day}日</time> 由 <span class="author">{s.author or "站长"}</span></div></header>
<div class="entry-content">{paragraphs(s.paragraphs, "")}<div class="sharedaddy"><h3>共享此文章：</h3><a>点击以在 Twitter 上共享</a></div></div><footer class="entry-footer">分类：<a>本地</a> 标签：<a>民生</a></footer></article>
<div id="comments" class="comments-area"><h2>《{s.title}》有 3 条评论</h2>{c.comments(3)}</div></main><aside id="secondary" class="widget-area"><h3>近期文章</h3>{c.links(5)}</aside></div>{c.footer()}"""
    return page(f"{s.title} – 江畔笔记", "", body)


def bare(s: Story, c: Chrome) -> str:
    """Hardly any structure: everything is a <div> of <body>."""
    rows = "".join(f"<div>{p}</div>" for p in s.paragraphs)
    return page(s.title, "", f"<div>{c.links(6, 'span')}</div><div>{s.title}</div><div>{s.at.year}/{s.at.month:02d}/{s.at.day:02d} {s.at:%H:%M} {s.source}</div>{rows}<div>{c.links(12, 'span')}</div><div>备案号：赣ICP备10000001号</div>")


def long_comments(s: Story, c: Chrome) -> str:
    """A local forum-like site: twenty comments, together far longer than the report."""
    body = f"""{c.nav("nav")}<div class="main"><h1>{s.title}</h1><div class="msg"><span>来源：{s.source}</span><span>作者：{s.author or "佚名"}</span><span>{s.at:%Y-%m-%d %H:%M}</span></div><div class="news-body">{paragraphs(s.paragraphs)}</div><div class="zan">赞 (12)</div>
<div class="pl-list"><h3>网友评论（{20}）</h3><ul>{c.comments(20, "pl-li").replace("<div", "<li").replace("</div", "</li")}</ul></div></div><div class="side"><h3>一周热点</h3>{c.links(10)}</div>{c.footer()}"""
    return page(f"{s.title}-江畔网", "", body)


def short_and_loud(s: Story, c: Chrome) -> str:
    """Little text, much furniture: summaries of other reports all around it, a loud footer."""
    body = f"""<div class="notice">{c.summaries(2)}</div>{c.nav("nav")}<div class="w1200"><div class="fl w860"><div class="content"><h1>{s.title}</h1><div class="desc"><span>发布日期：{s.at:%Y-%m-%d %H:%M}</span><span>信息来源：{s.source}</span><span>浏览量：31</span></div><div class="con_text">{paragraphs(s.paragraphs)}</div><div class="share">分享到： 微信 微博 QQ空间</div></div>
<div class="more"><h3>相关阅读</h3>{c.summaries(5)}</div></div><div class="fr w300"><h3>媒体聚焦</h3>{c.summaries(4)}</div></div><div class="friend"><h3>友情链接</h3>{c.links(20)}</div>{c.footer()}<p>{SELLING[3]}</p>"""
    return page(f"{s.title}_临川要闻_临川市政府网", "", body)


def boxed_story(s: Story, c: Chrome) -> str:
    """Another report, with sentences of its own, set as a box into the middle of the text."""
    body = f"""{c.nav("nav")}<div class="article-wrap"><h1 class="headline">{s.title}</h1><p class="byline"><span class="pubtime">{s.at:%Y-%m-%d %H:%M}</span> | <span>{s.source}</span> | <span>{s.author or "编辑部"}</span></p><div class="article-text">{paragraphs(s.paragraphs[:1], "")}
<div class="related-box"><h4><a href="/c/1.html">{c.head()}</a></h4><p>据了解，这一项目去年已完成前期论证，市民最关心的停车问题也写进了方案。<a href="/c/1.html">[详细]</a></p></div>
{paragraphs(s.paragraphs[1:], "")}</div><div class="tags">标签： <a>民生</a> <a>城建</a></div></div><div class="list"><h3>最新文章</h3>{c.links(8)}</div>{c.footer()}"""
    return page(f"{s.title}｜江畔周刊", "", body)


TABLE = (("区县", "优良天数比例", "PM2.5浓度"), ("城东区", "91.2%", "36"), ("青溪县", "90.8%", "37"), ("云台县", "89.5%", "38"))


def with_table(s: Story, c: Chrome) -> str:
    rows = "".join("<tr>" + "".join(f"<td><p>{cell}</p></td>" for cell in row) + "</tr>" for row in TABLE)
    body = f"""{c.nav("nav")}<div class="detail"><h2 class="detail-title">{s.title}</h2><p class="detail-date">时间：{s.at:%Y-%m-%d %H:%M:%S}&nbsp;&nbsp;来源：{s.source}&nbsp;&nbsp;编辑：{s.editor or "小吴"}</p><div id="zoom">{paragraphs(s.paragraphs)}<table border="1">{rows}</table></div><div class="print">【打印】 【关闭】</div></div><div class="xgxw"><h3>相关新闻</h3>{c.links(5, date=True)}</div>{c.footer()}"""
    return page(f"{s.title}_临川市生态环境局", "", body)
