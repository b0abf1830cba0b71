"""Party media, agencies and papers as they marked up articles through the years. Invented text in real shapes."""

from __future__ import annotations

from bench.gold.chrome import SELLING, Chrome, page, paragraphs
from bench.gold.stories import Story


def people_2010(s: Story, c: Chrome) -> str:
    body = f"""{c.nav("nav")}<table width="640" align="center"><tr><td>人民网&gt;&gt;<a>社会</a>&gt;&gt;<a>社会民生</a></td></tr>
<tr><td><h1 id="p_title">{s.title}</h1><p><span id="p_publishtime">{s.at:%Y年%m月%d日%H:%M}</span>　　来源：<span id="p_origin"><a>{s.source}</a></span>　　<a>手机看新闻</a></p></td></tr>
<tr><td class="show_text" id="p_content">{paragraphs(s.paragraphs)}<div class="edit" id="p_editor">（责任编辑：{s.editor}）</div></td></tr>
<tr><td>【1】<a href="n/2.html">【2】</a></td></tr><tr><td><b>相关专题</b> ·<a>民生观察</a></td></tr></table><div class="paihang"><h4>热点排行</h4>{c.links(10)}</div>{c.footer()}"""
    return page(f"{s.title}--社会--人民网", "", body, "gb2312")


def people_2019(s: Story, c: Chrome) -> str:
    head = f'<meta name="publishdate" content="{s.at:%Y-%m-%d}"><meta name="source" content="来源：{s.source}"><link rel="canonical" href="http://society.people.com.cn/n1/2019/0312/c1008-309.html">'
    body = f"""{c.nav("pmain")}<div class="clearfix w1000_320 path"><i>人民网</i>&gt;&gt;社会</div><div class="clearfix w1000_320 text_title"><h3 class="pre"></h3><h1>{s.title}</h1><h4 class="sub"></h4><p class="author"></p>
<div class="box01"><div class="fl">{s.at:%Y年%m月%d日%H:%M}  来源：<a>{s.source}</a></div><div class="fr">分享到：</div></div></div>
<div class="clearfix w1000_320 text_con"><div class="fl text_con_left"><div class="box_con" id="rwb_zw">
{paragraphs(s.paragraphs, "&nbsp;&nbsp;&nbsp;&nbsp;")}
<div class="zdfy clearfix"></div><div class="edit clearfix">(责编：{s.editor or "林一"}、陈二)</div></div>
<div class="rmclient"><p>人民日报客户端下载</p></div><div class="clearfix box_news"><h2>推荐阅读</h2>{c.summaries(2)}</div></div><div class="fr text_con_right">热门排行{c.links(10)}</div></div>{c.footer()}"""
    return page(f"{s.title}--社会--人民网", head, body, "GB2312")


def xinhua_2012(s: Story, c: Chrome) -> str:
    body = f"""{c.nav("nav")}<div id="article"><h1 id="title">{s.title}</h1><div class="info"><span id="pubtime">{s.at:%Y年%m月%d日 %H:%M:%S}</span> <span id="from">来源： <em id="source">{s.source}</em></span> 【字号：大 中 小】【打印】</div>
<div id="content" class="article">{paragraphs(s.paragraphs)}<div id="articleEdit"><span class="tiyi1">[<a>纠错</a>]</span> <span class="editor">( 编辑: {s.editor or "申六"} )</span></div></div>
<div id="div_currpage"></div></div><div class="tj"><h4>新华聚焦</h4>{c.links(8)}</div>{c.footer()}"""
    return page(f"{s.title}_新华时政_新华网", f'<meta name="pubdate" content="{s.at:%Y-%m-%d %H:%M:%S}" />', body)


def xinhua_2019(s: Story, c: Chrome) -> str:
    head = '<link rel="canonical" href="http://www.xinhuanet.com/2019-03/12/c_112.htm"><meta name="publishid" content="112.0.99.0" />'
    body = f"""<div class="h-news"><div class="h-title"> {s.title} </div><div class="h-info"><span class="h-time"> {s.at:%Y-%m-%d %H:%M:%S}</span>来源：<em id="source"> {s.source}</em></div></div>
<div class="p-right left"><div id="p-detail">{paragraphs(s.paragraphs)}<p style="text-align:center"><img src="qr.jpg"/></p>
<div class="zan-wap">点赞</div><div class="p-tags">【纠错】<span class="p-jc">责任编辑： {s.editor or "申六"}</span></div></div><div class="p-comment"><h3>新闻评论</h3>{c.comments(3)}</div>
<div class="lb"><ul>{c.links(6, date=True)}</ul></div></div>{c.footer()}"""
    return page(f"{s.title}-新华网", head, body)


def cctv_2010(s: Story, c: Chrome) -> str:
    body = f"""{c.nav("nav_col")}<div class="body" id="page_body"><div class="text_box"><h1 class="b-tit"><!--repaste.title.begin-->{s.title}<!--repaste.title.end--></h1>
<div class="info">CCTV.com　{s.at:%Y年%m月%d日 %H:%M}　进入<a>复兴论坛</a>　来源：<a>{s.source}</a></div>
<div class="body_text" id="md_major_article_content">{"<br />".join("<br />　　" + p for p in s.paragraphs)}<br /><p style="text-align:right">责编：{s.editor or "张七"}</p></div>
<div class="relation"><b>相关新闻：</b><ul>{c.links(5)}</ul></div></div></div>{c.footer()}"""
    return page(f"{s.title}_新闻频道_央视网(cctv.com)", "", body, "gbk")


def cctv_2018(s: Story, c: Chrome) -> str:
    head = f'<meta name="author" content="{s.editor or "刘"}"><meta name="source" content="{s.source}"><link rel="canonical" href="http://news.cctv.com/2018/03/12/ARTI.shtml">'
    body = f"""{c.nav("nav")}<div class="cnt_nav">央视网首页 &gt; 新闻频道 &gt; 社会新闻</div><div class="cnt_bd"><h1>{s.title}</h1><h2></h2>
<div class="function"><span class="info"><i>来源：{s.source}　|　{s.at:%Y年%m月%d日 %H:%M}</i></span></div>
{paragraphs(s.paragraphs)}
<div class="zebian"><div class="bqs">编辑：{s.editor or "刘八"}</div><div class="zb">责任编辑：</div></div><div class="cnt_share">点击收起全文 扫一扫 分享到微信</div></div>
<div class="col_w300"><h3>热榜</h3>{c.links(10)}</div>{c.footer()}"""
    return page(f"{s.title}_新闻频道_央视网(cctv.com)", head, body)


def gmw_2015(s: Story, c: Chrome) -> str:
    body = f"""{c.nav("channelNav")}<div id="contentMsg"><span id="pubTime">{s.at:%Y-%m-%d %H:%M}</span><span id="source">来源：<a>{s.source}</a></span><span>作者：{s.author}</span></div>
<h1 id="articleTitle">{s.title}</h1><div id="contentMain">{paragraphs(s.paragraphs)}<div id="contentLiability">[责任编辑:{s.editor or "李九"}]</div></div>
<div id="yc_url">{SELLING[3]}</div><div class="otherNews"><h2>光明推荐</h2>{c.summaries(3)}</div>{c.footer()}"""
    return page(f"{s.title}_光明网", "", body)


def chinadaily_2014(s: Story, c: Chrome) -> str:
    body = f"""{c.nav("daohang")}<div class="dingtou"><h1 class="dabiaoti">{s.title}</h1><div class="fenx"><div class="xinf-le">作者：{s.author or "本报"}</div><div class="xinf-le">来源：<a>{s.source}</a></div><div class="xinf-le" id="pubtime">{s.at:%Y-%m-%d %H:%M:%S}</div></div></div>
<div id="Content" class="article">{paragraphs(s.paragraphs)}<div id="div_currpage">1 <a href="x_2.htm">2</a> <a href="x_3.htm">3</a> <a href="x_2.htm">下一页</a> <a>尾页</a></div></div>
<div class="jubao"><p>{SELLING[3]}</p></div><div class="tuijian"><h3>精彩热图</h3>{c.links(9)}</div>{c.footer()}"""
    return page(f"{s.title} - 中国日报网", "", body)


def chinanews_2011(s: Story, c: Chrome) -> str:
    body = f"""{c.nav("nav")}<div id="cont_1_1_2"><h1 style="display:block; position:relative; text-align:center;">{s.title}</h1>
<div class="left-time"><div class="left-t">{s.at:%Y年%m月%d日 %H:%M}　来源：<a>{s.source}</a> <a>参与互动</a>(<span id="comment_count2">0</span>)</div></div>
<div class="left_zw" style="position:relative"><div style="float:left"><div id="adhzh" name="hzh"></div></div>{paragraphs(s.paragraphs)}<p>　　(完)</p></div>
<div class="left_name"><div class="left_name">【编辑:{s.editor or "王十"}】</div></div><div class="channel"><ul>{c.links(6)}</ul></div></div>{c.footer()}"""
    return page(f"{s.title}-中新网", "", body, "gb2312")


def provincial_daily(s: Story, c: Chrome) -> str:
    """A digital edition (电子报): day in the head, minute nowhere but in a meta tag."""
    head = f'<meta name="PubDate" content="{s.at:%Y-%m-%d %H:%M}"><meta name="ContentSource" content="{s.source}">'
    body = f"""<table width="100%"><tr><td class="l"><a>第01版：要闻</a> <a>第02版</a> <a>第03版</a></td><td>
<table><tr><td class="bt1" style="font-size:25px"><strong>{s.title}</strong></td></tr><tr><td>{s.at:%Y年%m月%d日} 星期一　 {s.source}</td></tr>
<tr><td><div id="ozoom"><founder-content>{paragraphs(s.paragraphs)}</founder-content></div></td></tr></table><a>上一篇</a> <a>下一篇</a> 放大+ 缩小- 默认 朗读</td></tr></table>{c.footer()}"""
    return page(f"{s.source}多媒体数字报刊平台-{s.title}", head, body)


def big5_daily(s: Story, c: Chrome) -> str:
    body = f"""<div class="menu">{c.links(6, "span").replace("<a", "<a rel='n'")}</div><div id="news"><h2 class="caption">{s.title}</h2><div class="shareBar">{s.at:%Y-%m-%d %H:%M} 記者{s.author}／報導</div>
<div id="story_body_content">{paragraphs(s.paragraphs, "")}</div><div class="related"><h3>相關新聞</h3><ul><li><a>颱風動態</a></li><li><a>海港擴建</a></li></ul></div></div>
<div id="foot">版權所有 不得轉載 © 海岸日報</div>"""
    return page(f"{s.title} | 即時新聞 | 海岸日報", "", body, "big5")
