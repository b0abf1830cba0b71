"""Where the well-known sites and publishing systems keep what, through the years: data, first fit wins. Pure.

A rule is asked when the page's host is one of its hosts, or when the host is not known and its `body` is on the page.
Selectors are CSS; several are parted by commas. What a rule does not name is found by the general way.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class SiteRule:
    """Selectors for one layout. `drop` names what stands inside the body and is no part of it."""

    body: str
    hosts: tuple[str, ...] = ()  # the end of a host name; () = a publishing system used by many
    title: str = ""
    published: str = ""
    source: str = ""
    author: str = ""
    drop: str = ""


# What sites of many makes put around these for news search engines (新闻源收录).
FOR_SEARCH = SiteRule(body="", published="#pubtime_baidu", source="#source_baidu", author="#author_baidu")

# Names that many sites use, each for something else.
GENERIC = frozenset(
    [
        "#article", ".article", ".content", "#content", "#Content", ".detail", "#detail", "#text", ".article-content", ".content_con", ".article-body",
        ".text_con", ".box_con", ".show_text", "#container", ".text_content", ".content_area", "#main_content", "#articleContent", ".art_content",
        "#ArticleContent", ".detail-content", ".contentText", ".txt_con", ".news_content", ".news_info", ".content_desc", ".left_zw", ".post_body",
    ]
)  # fmt: skip
SITES: tuple[SiteRule, ...] = (
    SiteRule(hosts=("mp.weixin.qq.com",), body="#js_content", title="#activity-name", source="#js_name", drop=".rich_media_tool, .qr_code_pc, mpprofile, mp-common-profile, .mp_profile_iframe_wrp, .js_product_container, mp-common-product"),
    # --- 新浪
    SiteRule(hosts=("sina.com.cn", "sina.cn"), body="#artibody", title=".main-title, #artibodyTitle, h1", published=".date-source .date, #pub_date, .time-source, .titer, .article-header .date", source=".date-source .source, #media_name, .time-source a", drop=".show_author, .article-editor, .appendQr_wrap, .ct_hqimg, .finance_app_zqtg, .wap_special, .tb-news-ad, .xb_new_finance_app, #app-qihuo-kaihu-qr, .new_style_article, .sinaad-toolkit-box, .statement, .article-notice, .corrTxt, .blkComment, .moduleParagraph .img_descr_ad, .otherContent_01, .hqimg_wrapper, [data-sudaclick], .cmnt-user-tooltip, .artical-player-wrap, .tech-quotation"),
    SiteRule(hosts=("sina.com.cn", "sina.cn"), body="#article, .art_content, .art_box .art_pic_card ~ p, #articleContent, .article-body .content", title=".main-title, .art_tit_h1, h1", published=".date-source .date, .art_time, .weibo_time, time", source=".date-source .source, .art_cite", drop=".show_author, .article-editor, .appendQr_wrap, .ct_hqimg, .statement, .article-notice, .weibo_info, .look_more"),
    # --- 网易
    SiteRule(hosts=("163.com",), body="#endText", title="#epContentLeft h1, #h1title, h1", published=".post_time_source, .ep-time-soure, .ep-info .left, .post_info", source="#ne_article_source, .ep-source .left", drop=".ep-source, .post_statement, .post_btns, .gg200x300, .gg_relate, .special-ad, .nph_gallery, .video-wrapper, .sm_wrap, .ep-header, .ep-keywords-main, .source-title, .post_end_ad, .end-text .otitle, .related_article, .nph_photo_view, .special_tag, .ep-statement, .artical-player-wrap, .post_topad, .otitle"),
    SiteRule(hosts=("163.com",), body=".post_body, #content .article-content, article .content, .js-article-body", title=".post_title, .article-title h2, h1", published=".post_info, .article-info .time, .time", source=".post_info a", drop=".post_statement, .otitle, .related_article, .a_adtemp, .footer"),
    # --- 搜狐
    SiteRule(hosts=("sohu.com",), body="#mp-editor, article.article", title=".text-title h1, h1", published="#news-time, .article-info .time, .time", source=".article-info .original-link, [data-role=original-link]", drop=".backword, .lookall-box, [data-role=original-title], [data-role=editor-name], .statement, .editor-name"),
    SiteRule(hosts=("sohu.com",), body="#contentText, #sohu_content, .article-box .text, #main_content", title="h1", published="#pubtime_baidu, .time-source .time, .time", source="#source_baidu, #media_span, .source", drop=".editShare, .editUsr, .stanza, .original-title, #shareIn, .share, .conserve-photo, .muLink, .videoView"),
    # --- 腾讯
    SiteRule(hosts=("qq.com",), body="#Cnt-Main-Article-QQ, .content-article, #ArticleCnt", title=".LEFT > h1, .hd > h1, .qq_article .hd h1, #C-Main-Article-QQ h1, h1", published=".a_time, .pubTime, .article-time, .qq_bar .pubTime, .year-and-month", source=".a_source, .where, .color-a-1", author=".a_author, .auth", drop="#invideocon, .rv-root-v2, #backqqcom, .qq_articleFt, #relInfo, .ft, .kb-video, .guanjianci, .titdd-Article, .content-article .editor, #qq_editor, .moreOperator, .rel, [bosszone=ep], #Status, #loading-status, .articleSummary-more"),
    # --- 凤凰
    SiteRule(hosts=("ifeng.com",), body="#main_content, #artical_real, .js_selection_area, .yc_con_txt", title="#artical_topic, .yc_tit h1, h1", published="#artical_sth .ss01, .p_time span, .yc_tit p span", source="#artical_sth .ss03, .yc_tit p a", drop="#artical_sth2, .ifengLogo, .picIntro_ad, #embed_hzh_div, .zbq, .pictxt02 .linkicon, .iphone_none"),
    SiteRule(hosts=("ifeng.com",), body='[class*="main_content-"], [class^="text-"], .text-3zQ3cZD4', title='[class^="topic-"], h1', published='[class^="time-"] span, [class^="time-"], [class^="timeBref-"]', source='[class^="source-"]', drop='[class^="pagination-"], [class^="editor-"], [class^="end-"]'),
    # --- 党媒
    SiteRule(hosts=("people.com.cn", "people.cn"), body="#rm_txt_zw, .rm_txt_con, #rwb_zw, .box_con, #p_content, #rwb_zwnr, .show_text, .text_show, .text_c, .text_con, .artDet, .txt_con", title=".text_title h1, .col h1, .title h1, h1", published=".box01 .fl, .col-1-1 .fl, .artOri, .channel .col-1-1, .sou, .text_title .fl, #p_publishtime, .page_c", source=".box01 .fl a, .col-1-1 a, .artOri a, #p_origin a", drop=".edit, .zdfy, .bza, .box_pic_ad, .rm_relevant, .paper_num, .otitle, .sou2, .editor, #p_editor, .text_c .edit, .copy_right, .rmh_sm"),
    SiteRule(hosts=("xinhuanet.com", "news.cn"), body="#p-detail, #detail, #detailContent, .main-aticle, #content.article-content, .detail, #Content, #artibody", title=".h-title, #title, .head-line h1, .mheader h1, h1", published=".h-time, .h-info .time, .info .time, .header-time, .sj, #pubtime, .time", source="#source, .source, .h-info .source, .aticle-src, em#source", drop=".p-jc, .p-tags, .zan-wap, .lb, .lbt, .tadd, .editor, #articleEdit, #bjName, .zebian, .arti_right, .nextpage, .p-editor, .jiucuo, .tj, .standard_lb, .pagebox, #div_currpage, .hs_weixin"),
    SiteRule(hosts=("cctv.com", "cntv.cn", "cctv.cn"), body="#content_area, #text_area, .cnt_bd, .content_area, .text_content", title="#title_area h1, .cnt_bd h1, .tit h1, h1", published=".info1, .info, .cnt_bd .info i, .times, #title_area .info", source=".info a", drop=".zebian, .cnt_share, .o-tit, h1, h2, .info, .function, #embed_playerid, .repaste, .guanjianzi, .page, .relevance"),
    SiteRule(hosts=("gmw.cn",), body="#articleBox .u-mainText, .u-mainText, #contentMain, #ArticleContent", title=".u-title, #articleTitle, h1", published=".m-con-time, #pubTime, .pub_time", source=".m-con-source, #source", drop="#articleLiability, .liability, .contentLiability, .u-mainText_pic, #yc_url, .m-zbTool, .page"),
    SiteRule(hosts=("chinadaily.com.cn",), body="#Content, .article, .main-artical .text", title="#Title_e, .dabiaoti, h1", published="#pubtime, .xinf-le, .meta-box, .fenx", source="#source", drop=".editor, .bshare-custom, #div_currpage, .mb10, .selectpage, .news-reserve"),
    SiteRule(hosts=("chinanews.com", "chinanews.com.cn", "ecns.cn"), body=".left_zw, .content_desc, #Zoom", title="h1, .content_title", published=".left-t, .content_left_time, #BaiduSpider .time", source=".left-t a", drop=".channel, .left_name, #function_code_page, .editor, .adEditor, .wx_aq, .pictext_ad, .div624"),
    SiteRule(hosts=("cnr.cn",), body=".article-body, .TRS_Editor, .contentText", title=".article-header h1, .subject h2, h1", published=".source span, .article-header .source, .subject .source", source=".source"),
    SiteRule(hosts=("cri.cn",), body="#abody, .abody", title="#atitle, h1", published="#acreatedtime, #apublishtime, .asource", source="#asource", drop="#acreateEditor, .aeditor"),
    SiteRule(hosts=("ce.cn",), body="#articleText .TRS_Editor, #articleText", title="#articleTitle, h1", published="#articleTime", source="#articleSource", drop="#articleStatement, .statement"),
    SiteRule(hosts=("youth.cn",), body="#container .TRS_Editor, .page_text, #container", title=".page_title h1, h1", published=".page_title p, #pub_time", source="#source_baidu", drop="#editor_baidu, .editor, .page_bottom"),
    SiteRule(hosts=("huanqiu.com",), body="#text, .la_con, .l-con .article, article section, .b-container .la_con", title=".tle, .t-container-title h3, .conText h1, h1", published="#pubtime_baidu, .la_t_a, .time, .t-container-metadata .time, .strTime", source="#source_baidu, .la_t_b, .source", drop=".reTopics, .editorSign, .adv-ad, .la_edit, .aprea, .share, .article-source, adv-loader"),
    SiteRule(hosts=("guancha.cn",), body=".all-txt, .article-txt-content", title=".left-main h3, .article-content h1, h3", published=".time.fix span, .article-info .time1, .time", source=".time.fix", drop=".u-content-bottom, .related-topic"),
    SiteRule(hosts=("thepaper.cn",), body=".news_txt", title=".news_title, h1", published=".news_about", source=".news_about p", drop=".go_back, .news_editor, .news_keyword, .video_txt_ad, .contheight"),
    SiteRule(hosts=("thepaper.cn",), body='[class*="cententWrap"], [class^="index_cententWrap"]', title='[class^="index_title"], h1', published='[class^="index_left"] .ant-space-item, [class^="index_headerContent"]'),
    SiteRule(hosts=("bjnews.com.cn",), body="#contentStr, .content", title=".bodyTitle h1, h1", published=".bodyTitle .timer, .date", source=".bodyTitle .origin"),
    SiteRule(hosts=("jiemian.com",), body=".article-content", title=".article-header h1, h1", published=".article-info .date, .article-info", drop=".article-source, .ad-content"),
    # --- 平台
    SiteRule(hosts=("toutiao.com",), body=".article-content .article-content, .article-content article, .syl-article-base, .article-box .article-content, .article-content", title=".article-title, .article-content h1, h1", published=".article-sub, .article-meta", drop=".article-meta, .article-sub, .tag-list, .article-actions, h1, h2.title, .pgc-card"),
    SiteRule(hosts=("baijiahao.baidu.com", "mbd.baidu.com"), body=".article-content, [data-testid=article], #ssr-content ._18p7x", title=".article-title h2, .article-title, h1, ._28fPT, .sKHSJ", published=".article-source, .author-txt .date, ._3hMwG, [data-testid=updatetime]", source=".author-name", drop=".report, ._2fPbC"),
    SiteRule(hosts=("hexun.com",), body=".art_contextBox, #artibody", title=".articleName h1, h1", published=".pr20, .tip .pr20, #pubtime_baidu", source="#source_baidu, .tip a", drop=".editer, [style*='text-align:right'], .showAD, #artibodyDesc"),
    SiteRule(hosts=("eastmoney.com",), body="#ContentBody", title=".newsContent h1, .title, h1", published=".time, .Info .item, .infos .item", source=".source", drop=".abstract, .reading, .em_media, .res-edit, .b-review"),
    SiteRule(hosts=("stcn.com",), body=".txt_con, #ctrlfscont, .detail-content", title=".intal_tit h2, .detail-title, h1", published=".intal_tit .info, .detail-info", drop=".om, .txt_zhu"),
    SiteRule(hosts=("csdn.net",), body=".news_content, #content_views", title=".detail h1, .title-article, h1", published=".detail .tit_bar, .time, .ago", drop=".tag, .news_bottom"),
    SiteRule(hosts=("mydrivers.com",), body=".news_info", title="#thread_subject, h1", published=".news_bt1_left, .news_bt2", drop=".shouji, .bianji, .hidden, .jcuo1, .zhuanzai, .news_tag"),
    SiteRule(hosts=("gamersky.com",), body=".Mid2L_con", title=".Mid2L_tit h1", published=".Mid2L_tit .detail", drop=".page_css, .pagecss, .news_tag, .post_ding, .conTit, .GSAppButton"),
    # --- 政府与建站系统
    SiteRule(hosts=("gov.cn",), body="#UCAP-CONTENT, .pages_content, .TRS_Editor, .TRS_UEDITOR, .view.TRS_UEDITOR, .Custom_UnionStyle, #zoom, #Zoom, .zwzw, .content_con", drop=".editor, .pages-editor, #share, .pchide, .fujian_ad"),
    SiteRule(body="#vsb_content, #vsb_content_2, #vsb_content_4, #vsb_content_100, .v_news_content, .wp_articlecontent, .TRS_Editor, .TRS_UEDITOR, .Custom_UnionStyle, .trs_paper_default"),
)
