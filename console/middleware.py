"""Two rules for every answer: nothing from elsewhere, and a printed password is changed before anything else."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from console.models import Profile

Next = Callable[[HttpRequest], HttpResponse]
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class ContentSecurity:
    """Every page may load from this server only; no inline script or style."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response


class PasswordChangeFirst:
    """Whoever logged in with a printed password sees only the page that changes it."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response
        self.open_to_all: frozenset[str] | None = None

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user.pk
        if user is None or request.path in self._open() or not self._must_change(user):
            return self.get_response(request)
        if getattr(request, "htmx", False):
            return HttpResponse("请先修改初始密码", status=401)
        return redirect("password_change")

    def _open(self) -> frozenset[str]:
        if self.open_to_all is None:  # URLs are not resolvable yet when middleware is built
            self.open_to_all = frozenset(reverse(name) for name in ("password_change", "logout", "login", "healthz"))
        return self.open_to_all

    @staticmethod
    def _must_change(user_id: int) -> bool:
        return Profile.objects.filter(user_id=user_id, must_change_password=True).exists()
