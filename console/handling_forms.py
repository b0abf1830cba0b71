"""The form of what can be done about an alert."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import User

ACTS = {
    "acknowledge": "确认收到",
    "refuse": "拒接",
    "reassign": "转交",
    "snooze": "暂缓",
    "close": "关闭告警",
    "reapply": "改用现行策略",
}


class HandlingForm(forms.Form):
    """One act; `version` is the state of the cause the page showed."""

    act = forms.ChoiceField(choices=[*ACTS.items()])
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    reason = forms.CharField(label="理由", required=False, max_length=300, widget=forms.Textarea(attrs={"rows": 2}))
    to = forms.ModelChoiceField(label="转交给", required=False, queryset=User.objects.none())
    minutes = forms.IntegerField(label="几分钟后再提醒", required=False, min_value=1, max_value=24 * 60)

    def __init__(self, *args: Any, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = people  # type: ignore[attr-defined]
