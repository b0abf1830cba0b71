"""Log-in and password. The password printed at first start is changed before anything else is shown."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.http import HttpResponse
from django.urls import reverse_lazy

from console.models import Profile


class LogIn(LoginView):
    template_name = "console/login.html"
    redirect_authenticated_user = True


class ChangePassword(PasswordChangeView):
    template_name = "console/password.html"
    success_url = reverse_lazy("desk")

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        response = super().form_valid(form)
        Profile.objects.filter(user_id=form.user.pk).update(must_change_password=False)
        messages.success(self.request, "密码已修改")
        return response
