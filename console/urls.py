"""Routes of the console."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import path

from console.views import account, ack, desk, events, health, posts, releases, search, sources, topics, wall

urlpatterns = [
    path("", desk.desk, name="desk"),
    path("desk/live/", desk.live, name="desk_live"),
    path("alerts/ack/", desk.acknowledge, name="acknowledge"),
    path("ack/<str:token>/", ack.ack, name="ack"),
    path("wall/", wall.wall, name="wall"),
    path("wall/live/", wall.live, name="wall_live"),
    path("events/", events.listing, name="events"),
    path("events/new/", events.new, name="event_new"),
    path("events/<int:event_id>/", events.event, name="event"),
    path("events/<int:event_id>/live/", events.live, name="event_live"),
    path("events/<int:event_id>/grade/", events.grade, name="event_grade"),
    path("events/<int:event_id>/folds/<int:fold_id>/", events.fold, name="event_fold"),
    path("events/<int:event_id>/release/", releases.draft, name="release_new"),
    path("posts/<int:post_id>/", posts.post, name="post"),
    path("releases/<int:release_id>/", releases.release, name="release"),
    path("releases/<int:release_id>/review/", releases.review, name="release_review"),
    path("releases/<int:release_id>/publish/", releases.publish, name="release_publish"),
    path("ledger/", releases.ledger, name="ledger"),
    path("evidence/<slug:page_hash>/", releases.evidence, name="evidence"),
    path("search/", search.search, name="search"),
    path("search/around/", search.around, name="search_around"),
    path("search/why/<int:post_id>/", search.explain, name="search_why"),
    path("search/suggest/", search.suggest, name="search_suggest"),
    path("search/advanced/", search.advanced, name="search_advanced"),
    path("search/help/", search.search_help, name="search_help"),
    path("search/forget/", search.forget, name="search_forget"),
    path("search/export/", search.export, name="search_export"),
    path("topics/", topics.listing, name="topics"),
    path("topics/new/", topics.new, name="topic_new"),
    path("topics/trial/", topics.trial, name="topic_trial"),
    path("topics/<int:topic_id>/", topics.topic, name="topic"),
    path("topics/<int:topic_id>/edit/", topics.edit, name="topic_edit"),
    path("topics/<int:topic_id>/act/", topics.act, name="topic_act"),
    path("sources/", sources.listing, name="sources"),
    path("sources/new/", sources.new, name="source_new"),
    path("sources/<int:source_id>/switch/", sources.switch, name="source_switch"),
    path("login/", account.LogIn.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("password/", account.ChangePassword.as_view(), name="password_change"),
    path("healthz", health.healthz, name="healthz"),
]
