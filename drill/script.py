"""What happens in the drill's city: who says what, how many drill minutes after the start. Pure.

Everything is made up. The texts do not say 演练 themselves: the service takes a text that does for a real exercise and
opens no event. The names of the outlets say it, and so do every page and every message.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from config.clock import SHANGHAI


@dataclass(frozen=True)
class Feed:
    """One outlet of the city. `form` is the shape it publishes in; `down` the minutes during which it answers 503."""

    slug: str
    name: str
    outlet: str  # archive.models.Source.Outlet
    form: str  # rss | atom | json
    down: tuple[int, int] | None = None


@dataclass(frozen=True)
class Item:
    feed: str
    minute: int
    title: str
    body: str

    def published(self, start: datetime) -> datetime:
        return start + timedelta(minutes=self.minute)


FEEDS = (
    Feed("wanbao", "灞上晚报（演练）", "media", "rss"),
    Feed("rongmei", "长安融媒（演练）", "media", "atom"),
    Feed("luntan", "古城论坛（演练）", "individual", "json"),
    Feed("zhengwu", "西安政务播报（演练）", "authority", "rss"),
    Feed("zhongnan", "终南在线（演练）", "media", "rss", down=(100, 220)),
)
FIRE_HOUR, FIRE_MINUTE = 8, 40
START_HOUR = 9
VENDOR_FILE_AT = 24  # drill minutes


def day_start(day: datetime) -> datetime:
    """When the drill begins on that day: 09:00 in Shanghai, twenty minutes after the fire broke out."""
    return day.astimezone(SHANGHAI).replace(hour=START_HOUR, minute=0, second=0, microsecond=0)


def items(start: datetime) -> list[Item]:
    """The scripted items in order of their minute; instants in the texts are those of the day of `start`."""
    day = f"{start.astimezone(SHANGHAI).month}月{start.astimezone(SHANGHAI).day}日"
    fire = f"{day}{FIRE_HOUR}时{FIRE_MINUTE}分许"
    return sorted([*_fire(fire), *_others(day)], key=lambda item: item.minute)


def _fire(fire: str) -> list[Item]:
    """The grave incident: the death toll goes from unknown to 4 (较大) to 11 (重大)."""
    place = "西安市灞桥区新筑街道云帆塑料制品厂"
    return [
        Item("luntan", 1, "灞桥新筑那边怎么了？好大的黑烟",
             "刚路过灞桥区新筑街道，云帆塑料制品厂方向浓烟滚滚，好几辆消防车往那边赶，请问是着火了吗？有没有人受伤？"),
        Item("wanbao", 4, "灞桥区一塑料制品厂发生火灾 消防正在扑救",
             f"{fire}，{place}一车间发生火灾，多辆消防车赶赴现场扑救，公安民警正在现场疏导交通，伤亡情况正在核实。"),
        Item("rongmei", 8, "西安灞桥区工厂火灾已致4人死亡",
             f"{fire}，{place}发生火灾。记者从现场获悉，火灾已造成4人死亡、7人受伤，伤者已送医救治，公安、消防正在现场处置。"),
        Item("luntan", 11, "转：西安灞桥区工厂火灾已致4人死亡",
             f"{fire}，{place}发生火灾。记者从现场获悉，火灾已造成4人死亡、7人受伤，伤者已送医救治，公安、消防正在现场处置。"),
        Item("luntan", 14, "灞桥区工厂火灾，家属在厂门口等消息，没人给个说法",
             "我姐在灞桥区新筑街道云帆塑料制品厂上班，早上着火到现在联系不上，门口拉了警戒线，问谁都说不知道，请公安局尽快通报到底死伤多少人！"),
        Item("wanbao", 18, "西安灞桥区工厂火灾死亡人数上升至11人",
             f"{fire}，{place}发生火灾。截至9时15分，火灾已造成11人死亡、9人受伤。公安机关已对企业负责人依法采取控制措施，起火原因正在调查。"),
        Item("zhongnan", 21, "西安灞桥区工厂火灾已致11人遇难",
             f"{fire}，{place}发生火灾，已造成11人遇难、9人受伤，现场明火已被扑灭，搜救工作仍在继续。"),
        Item("luntan", 40, "灞桥区工厂火灾为什么还没有警方通报？",
             "灞桥区云帆塑料制品厂火灾都死了11个人了，西安警方为什么还没有通报？家属和群众都在等一个权威的说法。"),
        Item("rongmei", 95, "灞桥区工厂火灾现场搜救结束",
             f"{fire}发生在{place}的火灾现场搜救工作已经结束，共造成11人死亡、9人受伤，善后工作正在进行。"),
        Item("luntan", 190, "三个多小时了，灞桥区工厂火灾还是没有官方通报",
             "灞桥区云帆塑料制品厂火灾过去三个多小时了，还是没有看到公安机关的通报，这就是政务公开吗？要求给群众一个交代。"),
    ]  # fmt: skip


def _others(day: str) -> list[Item]:
    """A rumour and its denial, praise, an accident elsewhere, small police matters of the city."""
    return [
        Item("rongmei", 6, "甘肃天水一高速路段多车相撞 已致3人死亡",
             f"{day}7时许，甘肃省天水市境内一高速公路路段发生多车相撞事故，已造成3人死亡、5人受伤，当地交警正在现场处置。"),
        Item("luntan", 26, "网传高新区一小学门口有人持刀抢孩子，大家接娃注意",
             "家长群里都在传，西安高新区一所小学门口有人持刀抢孩子，已经抢走两个了，是真的吗？派出所管不管？大家快转发！"),
        Item("zhengwu", 75, "西安高新警方：“持刀抢孩子”系谣言",
             "针对网传高新区一小学门口有人持刀抢孩子的信息，经西安市公安局高新分局核查，未接到此类警情，相关信息不实。"
             "警方提醒：不信谣、不传谣，造谣者将被依法处理。"),
        Item("wanbao", 33, "点赞！雁塔民警跳入冰冷护城河救起落水老人",
             "昨天傍晚，一名老人在西安护城河不慎落水，公安雁塔分局民警赵某跳入水中将其救起，老人已无大碍，围观群众纷纷点赞。"),
        Item("zhongnan", 47, "长安区一电动车与轿车剐蹭 1人轻伤",
             f"{day}9时30分许，西安市长安区韦曲街道一路口一辆电动车与轿车发生剐蹭，造成1人受轻伤，交警已到场处理。"),
        Item("zhengwu", 52, "西安公安反诈中心拦截一起冒充客服诈骗",
             "西安市公安局反诈中心接到预警后及时联系当事人，成功劝阻一起冒充网购客服的电信网络诈骗，避免损失12万元。"),
        Item("wanbao", 60, "碑林区一小区发生入室盗窃 警方已立案",
             f"{day}早上，西安市碑林区一小区居民报警称家中被盗，损失现金约8000元，公安碑林分局已立案侦查。"),
    ]  # fmt: skip


# Ordinary days: what most of a feed is. {n} is different each time, so that no two are copies.
NOISE = (
    ("气象台发布第{n}期天气提示", "市气象台第{n}期天气提示：今天白天多云转晴，早晚温差较大，市民出行注意增添衣物。"),
    ("地铁线路周末加开{n}列次", "为满足周末客流需要，本周六日部分地铁线路将加开列车{n}列次，末班车时间不变。"),
    ("城墙灯会筹备进入第{n}天", "新春灯会的灯组制作正在进行，今天是第{n}天，工作人员介绍，今年的灯组将突出传统工艺。"),
    ("老城厢一家面馆卖出第{n}万碗面", "这家开了三十年的面馆迎来第{n}万碗面，老板说味道从来没变过。"),
    ("图书馆新增{n}种地方志供借阅", "市民现在可以在市图书馆借阅新整理的地方志{n}种，读者凭身份证即可办理借阅。"),
    ("马拉松报名人数突破{n}万", "今年的城市马拉松报名人数突破{n}万，组委会提醒跑友量力而行。"),
    ("农贸市场{n}种蔬菜价格回落", "记者走访多家农贸市场，{n}种常见蔬菜价格回落，供应充足。"),
    ("高校联合展出{n}件青年艺术作品", "本周末开幕的展览共展出青年艺术作品{n}件，市民可免费参观。"),
    ("第{n}届秦岭摄影展征稿", "第{n}届秦岭摄影展面向全国征稿，主题为山水与人。"),
    ("公园腊梅进入观赏期 已开放{n}株", "植物园腊梅进入最佳观赏期，目前已有{n}株开放。"),
)
NOISE_EVERY = 9  # drill minutes between two ordinary items of one feed
# Before the start the city was not silent: a feed with one item in it would look new, not quiet.
NOISE_BEFORE = 6


def noise(feed: Feed, until: float) -> list[Item]:
    """The ordinary items of a feed from somewhat before the start up to `until` drill minutes."""
    at = FEEDS.index(feed)
    made = []
    for k in range(-NOISE_BEFORE, int(until // NOISE_EVERY) + 1):
        minute = k * NOISE_EVERY + at
        if minute <= until:
            title, body = NOISE[(k * 3 + at) % len(NOISE)]
            n = 11 + (k + NOISE_BEFORE) * 7 + at
            made.append(Item(feed.slug, minute, title.format(n=n), body.format(n=n)))
    return made
