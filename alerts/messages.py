"""The words of every alert. Pure.

A title is read on a lock screen (60 characters); the text answers why, by when, and what to do. Instants are
shown in Asia/Shanghai.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from config.clock import SHANGHAI

TITLE_LENGTH = 60
KINDS = {
    "opened": "新事件",
    "near": "时限临近",
    "missed": "已超时限",
    "still_missed": "仍超时限",
    "met": "已办结",
    "regraded": "等级变化",
    "confirm_grade": "请核定等级",
    "source_silent": "信源静默",
    "nobody_on_duty": "无人值班",
    "saved_search": "专题命中",
    "system": "系统",
}
BASIS = {"t_event": "发生时间", "t_first_post": "首发信息", "t_detected": "发现时间", "manual": "人工确定"}


@dataclass(frozen=True)
class Message:
    title: str
    text: str


@dataclass(frozen=True, kw_only=True)
class EventNote:
    """What a message says of an event."""

    title: str
    type: str  # its Chinese name
    grade: str | None
    provisional: bool
    jurisdiction: str  # ours | elsewhere | unknown
    clause: str = ""
    quotes: tuple[str, ...] = ()
    posts: int = 0
    site: str = ""  # where it was first said
    first_post_at: datetime | None = None
    authority: tuple[str, ...] = ()  # who must release, or agree first: a line each


@dataclass(frozen=True, kw_only=True)
class ClockNote:
    """What a message says of an obligation."""

    duty: str  # K1
    name: str  # 发布权威信息
    starts_at: datetime
    start_basis: str
    due_at: datetime
    met_by: str = ""  # the release that had already settled it: 《…》
    met_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ReleaseNote:
    title: str
    channel: str  # its Chinese name
    url: str
    published_at: datetime
    published_by: str


def opened(event: EventNote, clocks: Sequence[ClockNote], now: datetime) -> Message:
    title = f"【{_grade(event)}】{event.title}"
    return _message(title, *event.authority, _place(event), _why(event), *_first_seen(event), *_clocks(clocks, now))


def reminder(event: EventNote, clock: ClockNote, now: datetime) -> Message:
    """No deadline: it is time to say more, or to close."""
    since = duration(now - clock.starts_at)
    title = f"【该续报了】{clock.duty} {clock.name}：{event.title}"
    todo = f"距上次发布已 {since}。请发布进展；已无进展的，请结案并写明理由。"
    return _message(title, todo, *event.authority)


def near(event: EventNote, clock: ClockNote, now: datetime) -> Message:
    left = duration(clock.due_at - now)
    title = f"【还剩{left}】{clock.duty} {clock.name}：{event.title}"
    todo = f"尚无发布记录。请在 {moment(clock.due_at)} 前{clock.name}，并在系统登记发布凭据。"
    return _message(title, todo, _clock(clock, now), *event.authority, _place(event), _why(event))


def missed(event: EventNote, clock: ClockNote, now: datetime) -> Message:
    title = f"【已超时限】{clock.duty} {clock.name}：{event.title}"
    todo = f"时限 {moment(clock.due_at)} 已过，尚无发布凭据。请立即{clock.name}；时钟继续计时，直至登记发布。"
    return _message(title, todo, _clock(clock, now), *event.authority, _place(event), _why(event))


def still_missed(event: EventNote, clock: ClockNote, now: datetime) -> Message:
    over = duration(now - clock.due_at)
    title = f"【已超时{over}】{clock.duty} {clock.name}：{event.title}"
    todo = f"时限 {moment(clock.due_at)} 已过 {over}，仍无发布凭据。请立即{clock.name}，或说明原因。"
    return _message(title, todo, _clock(clock, now), *event.authority, _place(event), _why(event))


def met(event: EventNote, clock: ClockNote, release: ReleaseNote) -> Message:
    late = release.published_at - clock.due_at
    how = f"超时{duration(late)}后办结" if late > timedelta(0) else "按时办结"
    title = f"【{how}】{clock.duty} {clock.name}：{event.title}"
    done = f"已由 {release.published_by} 于 {moment(release.published_at)} 在{release.channel}发布《{release.title}》"
    return _message(title, f"{done}，{how}。请停止催办。", release.url)


def regraded(event: EventNote, before: str | None, clocks: Sequence[ClockNote], now: datetime) -> Message:
    over = _overdue(clocks, now)
    title = f"【{before or '未定级'}改为{_grade(event)}{'·已超时限' if over else ''}】{event.title}"
    return _message(title, *event.authority, _place(event), _why(event), *_clocks(clocks, now))


def regrouped(event: EventNote, why: str, clocks: Sequence[ClockNote], now: datetime) -> Message:
    """Events were merged or taken apart: what runs for this one now, in one message."""
    over = _overdue(clocks, now)
    title = f"【{fit(why, 24)}{'·已超时限' if over else ''}】{event.title}"
    return _message(title, *event.authority, _place(event), _why(event), *_clocks(clocks, now))


def confirm_grade(event: EventNote, clocks: Sequence[ClockNote], now: datetime) -> Message:
    title = f"【请核定等级】{_grade(event)}：{event.title}"
    todo = "本等级为系统建议，时限已按此起算。请核实后确认，或说明理由改定（降级须第二人同意）。"
    return _message(title, todo, _place(event), _why(event), *_clocks(clocks, now))


def source_silent(
    name: str, state: str, detail: str, last_item_at: datetime | None, now: datetime, code: str = ""
) -> Message:
    """`state` is the source's state in Chinese, `detail` the reason it gives, `code` the finer reason."""
    other = {"degraded": ("数量骤减", "信息远少于平常"), "unapproved": ("待批准", "已停止读取，等待重新批准")}.get(code)
    if other:
        return _message(
            f"【信源{other[0]}】{name} {other[1]}",
            f"{name}{other[1]}。",
            detail,
            "这段时间该信源“没有消息”不等于“没有事情”，请核查或改用其他途径。",
        )
    if last_item_at:
        since = f"已{duration(now - last_item_at)}没有新信息（最后一条 {moment(last_item_at)}）"
    else:
        since = "从未读到信息"
    why = f"状态：{state}。{detail}" if detail else f"状态：{state}。"
    return _message(
        f"【信源静默】{name} {since}",
        f"{name}{since}。",
        why,
        "这段时间该信源“没有消息”不等于“没有事情”，请核查或改用其他途径。",
    )


def authorisation(name: str, until: datetime, detail: str, now: datetime) -> Message:
    """A source reads with the authorisation of an account's holder, which ends at `until` or has ended."""
    todo = "请在“信源”页打开该信源，点“重新授权”，由账号持有人在微博登录页确认。"
    if now >= until:
        title = f"【授权已失效】{name} 已停止读取"
        return _message(title, f"{name} 的授权已于 {moment(until)} 失效，该信源读不到新信息。", detail, todo)
    return _message(
        f"【授权将到期】{name} {moment(until)} 到期", f"{name} 的授权还有{duration(until - now)}到期，到期后停止读取。", todo
    )


def source_back(
    name: str, state: str, last_item_at: datetime | None, told_at: datetime | None, now: datetime
) -> Message:
    """The source that was told of works again."""
    newest = f"最近一条信息 {moment(last_item_at)}。" if last_item_at else ""
    lasted = f"告知至今 {duration(now - told_at)}。" if told_at else ""
    return _message(f"【信源恢复】{name} 恢复正常", f"{name}目前状态：{state}。", newest, lasted, "其间的信息可能已补读，也可能缺失，请留意核对。")


def nobody_on_duty(level_name: str, starts: datetime, ends: datetime) -> Message:
    shift = f"{moment(starts)}至{moment(ends)}"
    todo = (
        "本班次值班表无此岗位人员，告警已送该岗位公共收件箱，并直接告知上一级在岗人员。"
        "请安排人员并补登值班表。本班次内不再重复提醒。"
    )
    return _message(f"【无人值班】{level_name} {shift}未排班", f"{level_name}：{shift}。", todo)


def saved_search(name: str, titles: Sequence[str], count: int, beyond: int, most: int) -> Message:
    """`titles` of the newest hits of a topic, `count` told now, `beyond` kept without telling since the day is full."""
    quoted = "\n".join(f"· {fit(title, 80)}" for title in titles)
    more = f"另有 {count - len(titles)} 条，见专题页。" if count > len(titles) else ""
    full = f"今日已达上限 {most} 条：另有 {beyond} 条已记入专题，今日不再告知。" if beyond else ""
    return _message(f"【专题命中】{name}：{count} 条", *quoted.split("\n"), more, full)


def release_gone(outlet: str, title: str, url: str, seen_at: datetime) -> Message:
    """`outlet` no longer shows the article of a published release, first seen there at `seen_at`."""
    return system(
        f"发布已不见：《{fit(title, 40)}》",
        f"{outlet} 不再显示已登记发布的《{title}》（{moment(seen_at)} 曾见到）：{url or '无链接'}。\n"
        "请核实是否撤下或改址；撤下已发布的权威信息须有说明，台账和计时不因此改变。",
    )


def system(what: str, detail: str) -> Message:
    return _message(f"【系统】{what}", detail)


def channel_failing(channel: str, address: str, tries: int, reason: str) -> Message:
    todo = "该消息在本系统收件箱仍可见；请改用其他方式告知，并检查渠道设置与网络。"
    return system(
        f"渠道 {channel} 送达失败：{reason}",
        f"发往 {address} 的消息尝试 {tries} 次未成功：{reason}。\n{todo}",
    )


# What earlier steps put before the title; the newest says it all.
_HEADS = r"^(【升级至.+?】|【第\d+次告知】|【.{2,8}无人在岗】)+"


def escalated(
    message: Message, here: str, above: str, level: int, raised_at: datetime, now: datetime, why: str = ""
) -> Message:
    """The same message to the next level, saying who has not acknowledged it and for how long, or `why` else."""
    title = re.sub(_HEADS, "", message.title)
    why = why or f"{here} {moment(raised_at)} 告知，{duration(now - raised_at)}无人确认"
    # Each earlier step's line stays: a leader sees who was told before him.
    line = f"升级：{why}，现升级至第{level}级（{above}）。"
    earlier, rest = _split_lines(message.text, "升级：")
    return _message(f"【升级至{above}】{title}", *earlier, line, *rest)


def nobody_here(message: Message, here: str, above: str, at: datetime) -> Message:
    """The same message, told to `above` at once because nobody of `here` is on duty."""
    title = re.sub(_HEADS, "", message.title)
    line = f"升级：{here} {moment(at)} 无人在岗，同时直接告知{above}。"
    earlier, rest = _split_lines(message.text, "升级：")
    return _message(f"【{here}无人在岗】{title}", *earlier, line, *rest)


def repeated(message: Message, told: str, n: int, raised_at: datetime, now: datetime, why: str = "") -> Message:
    """The same message to the same level (or a named person) for the n-th time. One such line: the newest."""
    title = re.sub(r"^【第\d+次告知】", "", message.title)
    why = why or f"{moment(raised_at)} 告知后{duration(now - raised_at)}无人确认"
    earlier, rest = _split_lines(message.text, "升级：")
    rest = [line for line in rest if not line.startswith("再次告知：")]
    return _message(f"【第{n}次告知】{title}", *earlier, f"再次告知：{why}，现第{n}次告知{told}。", *rest)


def _split_lines(text: str, mark: str) -> tuple[list[str], list[str]]:
    lines = text.split("\n")
    return [n for n in lines if n.startswith(mark)], [n for n in lines if not n.startswith(mark)]


def _message(title: str, *lines: str) -> Message:
    return Message(fit(title, TITLE_LENGTH), "\n".join(line for line in lines if line))


def _grade(event: EventNote) -> str:
    grade = event.grade or "未定级"
    return f"{grade}·暂按" if event.grade and event.provisional else grade


def _place(event: EventNote) -> str:
    if not event.jurisdiction:  # a letter, a unit: no event
        return ""
    where = {"ours": "本地事件", "elsewhere": "外地事件", "unknown": "属地不明，请先核属地"}[
        event.jurisdiction
    ]
    return "；".join([event.type, where]) if event.type else where


def _why(event: EventNote) -> str:
    if not event.jurisdiction:
        return ""
    if not event.clause:
        return f"等级：{_grade(event)}。"
    quotes = "；".join(f"「{fit(quote, 120)}」" for quote in event.quotes[:3])
    return f"等级：{_grade(event)}。依据：{event.clause}" + (f"；原文{quotes}" if quotes else "")


def _first_seen(event: EventNote) -> list[str]:
    if event.first_post_at is None:
        return []
    where = f" {event.site}" if event.site else ""
    return [f"首发：{moment(event.first_post_at)}{where}，现有信息 {event.posts} 条。"]


def _clocks(clocks: Sequence[ClockNote], now: datetime) -> list[str]:
    return [_clock(clock, now) for clock in clocks] or ["暂无须按时限办理的职责。"]


def _overdue(clocks: Sequence[ClockNote], now: datetime) -> bool:
    return any(clock.met_at is None and now >= clock.due_at for clock in clocks)


def _clock(clock: ClockNote, now: datetime) -> str:
    if clock.met_at:
        return f"{clock.duty} {clock.name}：此前发布的{clock.met_by}已于 {moment(clock.met_at)} 履行。"
    over = now >= clock.due_at
    how = f"已超时 {duration(now - clock.due_at)}" if over else f"还剩 {duration(clock.due_at - now)}"
    basis = f"{moment(clock.starts_at)}（{BASIS.get(clock.start_basis, clock.start_basis)}）起算"
    return f"{clock.duty} {clock.name}：{moment(clock.due_at)} 截止，{how}；自 {basis}。"


def moment(instant: datetime) -> str:
    """11月23日 09:05, Asia/Shanghai."""
    local = instant.astimezone(SHANGHAI)
    return f"{local.month}月{local.day}日 {local:%H:%M}"


def duration(span: timedelta) -> str:
    """2天3小时, 1小时30分, 5分, 40秒: at most two units, never rounded up."""
    seconds = max(0, int(span.total_seconds()))
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    if days:
        return f"{days}天{hours}小时" if hours else f"{days}天"
    if hours:
        return f"{hours}小时{minutes}分" if minutes else f"{hours}小时"
    return f"{minutes}分" if minutes else f"{seconds}秒"


def fit(text: str, length: int) -> str:
    """`text` on one line, cut to `length` characters with an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"
