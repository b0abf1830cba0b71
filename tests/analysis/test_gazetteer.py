"""Where it happened and whether that is ours: the city of units.toml, other places, names that many cities have."""

import pytest

from analysis.loading import load_reader
from tests.analysis.words import copied_policy, post, read


@pytest.mark.parametrize(
    ("text", "home", "jurisdiction"),
    [
        ("西安雁塔区一路口两车相撞", "", "ours"),
        ("鄠邑分局民警抓获小偷", "", "ours"),
        ("碑林区一小区起火", "", "ours"),
        ("河南郑州一路口两车相撞", "", "elsewhere"),
        ("石家庄长安区一小区起火", "", "elsewhere"),
        ("长安区一小区起火", "", "unknown"),
        ("长安区一小区起火", "西安", "ours"),
        ("西安市长安区一小区起火", "", "ours"),
        ("一路口两车相撞致三死", "", "unknown"),
        ("一路口两车相撞致三死", "西安", "ours"),
        ("一路口两车相撞致三死", "郑州", "elsewhere"),
        ("陕西一矿井透水", "", "unknown"),
        ("陕西咸阳一路口两车相撞", "", "elsewhere"),
        ("这东西安全吗？民警提醒：谨防骗局", "", "unknown"),
        ("新城分局民警抓获小偷", "", "unknown"),
        ("新城分局民警在大雁塔抓获小偷", "", "ours"),
    ],
)
def test_places_and_units_say_whose_it_is(text, home, jurisdiction):
    assert read(text, home=home).jurisdiction == jurisdiction


def test_an_alias_gives_the_units_full_name():
    verdict = read("雁塔警方通报一起盗窃案")
    assert verdict.units == ("西安市公安局雁塔分局",) and "雁塔警方" in verdict.jurisdiction_reasons[0]


def test_the_account_name_places_a_post_that_names_nothing():
    assert read("民警抓获小偷", site="平安西安").jurisdiction == "ours"


def test_of_two_cities_the_one_nearest_to_what_happened_is_the_scene():
    assert read("郑州游客昨天抵达。今日西安大唐不夜城发生踩踏").jurisdiction == "ours"
    assert read("西安游客昨天出发。今日郑州一景区发生踩踏").jurisdiction == "elsewhere"


def test_where_somebody_is_from_is_no_scene():
    assert read("警情通报：犯罪嫌疑人张某(男,28岁,西安人)在郑州被抓获").jurisdiction == "elsewhere"


def test_the_whole_country_is_home_for_evaluation(tmp_path):
    folder = copied_policy(tmp_path)
    text = (folder / "units.toml").read_text(encoding="utf-8")
    start = text.index("\nplaces = [")
    text = text[:start] + '\nplaces = ["*"]' + text[text.index("\n]", start) + 2 :]
    (folder / "units.toml").write_text(text, encoding="utf-8")
    everywhere = load_reader(folder, None, model=None)
    assert everywhere.read(post("河南郑州民警抓获小偷")).jurisdiction == "ours"
    assert everywhere.read(post("民警抓获小偷")).jurisdiction == "ours"
    assert everywhere.read(post("西安民警抓获小偷")).jurisdiction == "ours"
    assert everywhere.read(post("我国公民在泰国遭遇车祸 民警家属发声")).jurisdiction == "elsewhere"


def test_units_may_come_from_the_table_instead_of_the_file():
    from tests.analysis.words import CONFIG

    own = [{"name": "某市公安局东湖分局", "aliases": ["东湖警方"], "places": ["东湖区"]}]
    table = load_reader(CONFIG, own, model=None)
    verdict = table.read(post("东湖警方通报东湖区一起盗窃案"))
    assert verdict.units == ("某市公安局东湖分局",) and verdict.jurisdiction == "ours"
    assert not table.read(post("鄠邑分局民警抓获小偷")).units
