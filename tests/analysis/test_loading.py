"""Word lists and units at the door: a mistake is refused with file, line and hint."""

import pytest

from analysis.loading import load_lexicon, load_reader, load_units, seed_units
from config.door import ConfigError
from tests.analysis.words import CONFIG, copied_policy, post


def spoiled(tmp_path, name, line):
    folder = copied_policy(tmp_path)
    with (folder / name).open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    return folder


@pytest.mark.parametrize(
    ("name", "line", "hint"),
    [
        ("words/police.txt", "某警 很多", "number from 0 to 1"),
        ("words/police.txt", "某警 0.5 大陆", "mainland"),
        ("words/types/T05-traffic.txt", "追尾碰撞 9", "number from 0 to 5"),
        ("words/stance.txt", "求说法 begging", "accuse"),
        ("words/abroad.txt", "某国 far", "gat"),
        ("words/hiding.txt", "两 个", "at least two characters"),
        ("words/dictionary/slang.txt", "某词 3 n", "nothing after it"),
    ],
)
def test_a_bad_word_line_is_refused_with_file_line_and_hint(tmp_path, name, line, hint):
    folder = spoiled(tmp_path, name, line)
    number = len((folder / name).read_text(encoding="utf-8").splitlines())
    with pytest.raises(ConfigError) as caught:
        load_reader(folder, None)
    assert caught.value.file == name.rpartition("/")[2]
    assert caught.value.key == f"line {number}"
    assert hint in caught.value.hint


def test_a_missing_word_list_is_named(tmp_path):
    folder = copied_policy(tmp_path)
    (folder / "words" / "stop.txt").unlink()
    with pytest.raises(ConfigError, match=r"stop\.txt"):
        load_lexicon(folder / "words")


def test_a_word_list_that_is_not_utf8_is_named(tmp_path):
    folder = copied_policy(tmp_path)
    (folder / "words" / "stop.txt").write_bytes("我们".encode("gb18030"))
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_lexicon(folder / "words")


def test_a_theme_list_needs_a_type_code_in_its_name(tmp_path):
    folder = copied_policy(tmp_path)
    (folder / "words" / "types" / "extra.txt").write_text("词语 1\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="T01 to T15"):
        load_lexicon(folder / "words")


def test_comments_and_blank_lines_are_no_words(tmp_path):
    folder = spoiled(tmp_path, "words/police.txt", "\n# 说明\n  天网行动 0.9 mainland  # 行尾说明")
    assert load_reader(folder, None, model=None).read(post("天网行动收网")).tier == "direct"


def test_a_change_of_words_changes_the_version_of_every_reading(tmp_path):
    before = load_reader(CONFIG, None, model=None).version
    after = load_reader(spoiled(tmp_path, "words/police.txt", "天网行动 0.9"), None, model=None).version
    assert before != after


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('kind = "bureau"', 'kind = "army"', "unit[1].kind"),
        ('parent = "西安市公安局"', 'parent = "某局"', "unit[2].parent"),
        ('\nname = "西安"', '\nnome = "西安"', "home.name"),
        ("\n[home]\n", "\n[home]\ncolour = 1\n", "home.colour"),
    ],
)
def test_a_mistake_in_units_names_its_key(tmp_path, old, new, key):
    folder = copied_policy(tmp_path)
    path = folder / "units.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_units(folder)
    assert caught.value.key == key


@pytest.mark.django_db
def test_units_are_seeded_with_their_parents():
    from analysis.models import Unit

    Unit.objects.all().delete()
    assert seed_units(CONFIG) == Unit.objects.count() > 30
    branch = Unit.objects.get(name="西安市公安局雁塔分局")
    assert branch.parent is not None and branch.parent.name == "西安市公安局"
    assert "雁塔分局" in branch.aliases
