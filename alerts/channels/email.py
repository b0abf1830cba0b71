"""E-mail over SMTP. Message-ID comes from the delivery's key: a second copy is the same mail to a mail system."""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime

from alerts.channels.base import SPARE, TIMEOUT, DeliveryFailed, Parcel, Sent, reveal
from alerts.ladder import ChannelSettings
from alerts.rendering import MAYBE_TWICE
from config.clock import real_now

LOCKOUT = 300.0  # seconds between tries with a refused password


class Email:
    name = "email"
    recognises_copies = False  # many mail systems show two mails of one Message-ID
    lease_s = 6 * TIMEOUT + SPARE  # connect, greet, encrypt, log in, envelope, data

    def __init__(self, settings: ChannelSettings) -> None:
        self._options = settings.options

    def send(self, parcel: Parcel) -> Sent:
        mail = self._mail(parcel)
        handed_over = False
        try:
            server = self._connected()
            try:
                # From here on the server may have taken the mail although no answer comes back.
                handed_over = True
                server.send_message(mail)
            finally:
                # Not QUIT's answer: the mail is accepted by then, and a failure here would send it twice.
                server.close()
        except smtplib.SMTPException as e:
            raise _judged(e, handed_over) from None
        except UnicodeError:
            raise DeliveryFailed("email: 地址含不支持的字符", permanent=True, code="address") from None
        except OSError as e:
            what = type(e).__name__
            raise DeliveryFailed(f"email: 连接失败（{what}）", unsure=handed_over, code=what) from None
        return Sent(provider_id=mail["Message-ID"])

    def _connected(self) -> smtplib.SMTP:
        o = self._options
        # Named, or smtplib asks DNS for this machine's full name, which takes long where there is no DNS.
        name = _domain(o["sender"])
        if o["tls"] == "tls":
            context = ssl.create_default_context()
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                o["host"], o["port"], name, timeout=TIMEOUT, context=context
            )
        else:
            server = smtplib.SMTP(o["host"], o["port"], name, timeout=TIMEOUT)
        try:
            if o["tls"] == "starttls":
                server.starttls(context=ssl.create_default_context())
            if o["user"]:
                server.login(o["user"], reveal(o["password"]))
        except BaseException:
            server.close()
            raise
        return server

    def _mail(self, parcel: Parcel) -> EmailMessage:
        mail = EmailMessage()
        mail["Subject"] = (MAYBE_TWICE if parcel.maybe_twice else "") + parcel.body["subject"]
        mail["From"], mail["To"] = self._options["sender"], parcel.address
        mail["Date"] = format_datetime(real_now())
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers to alerts
        own_id = hashlib.sha256(parcel.key.encode()).hexdigest()[:32]
        mail["Message-ID"] = f"<{own_id}@{_domain(self._options['sender'])}>"
        mail.set_content(parcel.body["text"])
        return mail


def _domain(sender: str) -> str:
    return sender.rsplit("@", 1)[-1]


def _judged(e: smtplib.SMTPException, handed_over: bool) -> DeliveryFailed:
    """4xx passes, 5xx does not (RFC 5321 §4.2.1); a connection lost while handing over leaves it open."""
    if isinstance(e, smtplib.SMTPServerDisconnected):
        return DeliveryFailed("email: 对方断开连接", unsure=handed_over, code="disconnected")
    if isinstance(e, smtplib.SMTPRecipientsRefused):
        code = next(iter(e.recipients.values()))[0]
    elif isinstance(e, smtplib.SMTPResponseException):
        code = e.smtp_code
    else:
        return DeliveryFailed(f"email: {type(e).__name__}", permanent=True, code=type(e).__name__)
    # The server's own words are left out: they may repeat the user name or the address of a person.
    words = f"email: SMTP {code}（{type(e).__name__}）"
    if isinstance(e, smtplib.SMTPAuthenticationError):
        # Seldom: a mail system locks an account after a handful of wrong passwords.
        return DeliveryFailed(words, code=str(code), setup=True, retry_after=LOCKOUT)
    return DeliveryFailed(words, permanent=code >= 500, code=str(code))
