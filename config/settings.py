"""Django settings. What an operator decides comes from the environment or `*_FILE` (see docs/operations)."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from urllib.parse import unquote, urlsplit

from config.door import ConfigError

BASE_DIR = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("HUIYING_DATA") or BASE_DIR / "var").resolve()
POLICY = Path(os.environ.get("HUIYING_CONFIG") or BASE_DIR / "config").resolve()
DATA.mkdir(parents=True, exist_ok=True)


def secret(name: str, default: str | None = None) -> str | None:
    """The environment variable NAME, or the content of the file that NAME_FILE points at."""
    path = os.environ.get(f"{name}_FILE")
    if path:
        try:
            return Path(path).read_text().strip()
        except OSError as e:
            raise ConfigError("environment", f"{name}_FILE", path, f"cannot be read: {e.strerror}") from e
    return os.environ.get(name) or default


def _kept_key(filename: str) -> str:
    """A random key made at first start and kept in the data folder, readable by its owner only."""
    path = DATA / filename
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    key = secrets.token_urlsafe(48)
    with os.fdopen(fd, "w") as f:
        f.write(key)
    return key


SECRET_KEY = secret("HUIYING_SECRET_KEY") or _kept_key("secret-key")
PSEUDONYM_KEY = secret("HUIYING_PSEUDONYM_KEY") or _kept_key("pseudonym-key")
DEBUG = os.environ.get("HUIYING_DEBUG") == "1"
ALLOWED_HOSTS = [h for h in os.environ.get("HUIYING_HOSTS", "localhost,127.0.0.1,[::1]").split(",") if h]
CSRF_TRUSTED_ORIGINS = [o for o in os.environ.get("HUIYING_ORIGINS", "").split(",") if o]
# Where links in messages lead; `up` sets it to the address it listens on when the operator gave none.
PUBLIC_URL = os.environ.get("HUIYING_PUBLIC_URL", "http://127.0.0.1:8000")
# Called every 30 s after a clean audit; whoever watches it alarms when it falls silent. May hold a key.
HEARTBEAT_URL = secret("HUIYING_HEARTBEAT_URL")
# Folders outside the data folder below which a watched folder may lie, separated as in PATH.
WATCH_ROOTS = [p for p in os.environ.get("HUIYING_WATCH_ROOTS", "").split(os.pathsep) if p]
# The unit that receives letters, where more than one department is called …办公室.
OFFICE_UNIT = os.environ.get("HUIYING_OFFICE_UNIT", "").strip()
DRILL = os.environ.get("HUIYING_DRILL") == "1"
# Loopback and private addresses are refused as sources unless this is set (drill and tests).
ALLOW_PRIVATE_SOURCES = os.environ.get("HUIYING_ALLOW_PRIVATE_SOURCES") == "1"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "archive",
    "analysis",
    "sla",
    "alerts",
    "flow",
    "crawlers",
    "console",
    "config",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "console.middleware.ContentSecurity",
    "console.middleware.PasswordChangeFirst",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "console.context.frame",
            ],
        },
    },
]


def _database(url: str | None) -> dict:
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATA / "huiying.sqlite3",
            "OPTIONS": {
                # IMMEDIATE: a deferred transaction fails at once on upgrade and ignores the busy timeout.
                "transaction_mode": "IMMEDIATE",
                "timeout": 30,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536;",
            },
            "TEST": {"NAME": DATA / "test.sqlite3"},
        }
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise ConfigError("environment", "DATABASE_URL", parts.scheme + "://…", "give postgresql://user@host:port/name")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        # Nobody may wait for a row, or keep one, longer than a beat can bear; whoever is refused tries again.
        "OPTIONS": {"options": "-c lock_timeout=8s -c idle_in_transaction_session_timeout=30s"},
    }


DATABASES = {"default": _database(secret("DATABASE_URL"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "desk"
LOGOUT_REDIRECT_URL = "login"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = os.environ.get("HUIYING_TLS") == "1"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True

LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True

STATIC_URL = "static/"
# Files are served from the apps' own folders: no collectstatic step before the first page.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {"secrets": {"()": "config.logs.WithoutSecrets"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["secrets"]}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("HUIYING_LOG", "WARNING")},
    # It tells of every beat of every second; a job that fails is logged by flow.engine.
    "loggers": {"apscheduler": {"level": "WARNING"}},
}
