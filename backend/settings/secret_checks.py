"""Which secrets anybody would try first. Connectors use it too."""

from backend.settings.declaration import SettingError

WEAK = frozenset(
    {
        "admin", "admin123", "changeit", "changeme", "change-me", "default", "demo", "example", "geheim",
        "letmein", "passw0rd", "passwd", "password", "password1", "password123", "postgres", "qwerty",
        "redis", "root", "sample", "satchel", "secret", "s3cret", "test", "test123", "tryton", "welcome",
        "12345678", "123456789", "1234567890",
    }
)  # fmt: skip
"""Passwords of samples, manuals and lists of the most frequent ones."""
LEAST_SIGNING = 16
"""Characters of a secret that signs: shorter ones can be found by trying."""


def require_uncommon(name: str, password: str, user: str) -> None:
    """Raise `SettingError` if the *password* of *user*, in the variable *name*, is one that everybody tries."""
    if password and (password.lower() in WEAK or password == user):
        raise SettingError(f"{name}: the password is one that everybody tries first; choose another")


def require_strong(name: str, secret: str) -> None:
    """Raise `SettingError` if the *secret* that signs, of the variable *name*, is set and can be guessed."""
    is_short = len(secret) < LEAST_SIGNING or len(set(secret)) < LEAST_SIGNING // 2
    if secret and (is_short or secret.lower() in WEAK):
        raise SettingError(
            f"{name} can be guessed; write {LEAST_SIGNING} random characters or more, such as the output of "
            "`openssl rand -hex 32`"
        )
