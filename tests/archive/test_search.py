"""From a post to the hit that an analyst reads."""

from __future__ import annotations

from archive import indexing, search
from tests.archive.conftest import documents


def test_a_post_is_found_by_words_that_stand_in_it(add_post):
    post = add_post("西安警方通报：雁塔区发生一起交通事故，3人死亡", title="警情通报")
    add_post("今天天气不错")
    assert indexing.drain(documents) == 2
    result = search.search("西安 交通事故")
    assert result.total == 1
    (hit,) = result.hits
    assert hit.post_id == post.id
    assert hit.snippet == "「西安」警方通报：雁塔区发生一起「交通事故」，3人死亡"
