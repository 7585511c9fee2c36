"""How many examples Hypothesis draws: profiles for `make test` and `make test-all`, and shares of them."""

from hypothesis import settings

EXAMPLES = {"default": 100, "full": 500}
"""Examples of a test by profile. `--full` loads `full`; `--hypothesis-profile` chooses either."""


def register_profiles() -> None:
    """Register the profiles, and load `default`."""
    for name, number in EXAMPLES.items():
        # No deadline for examples: on a busy machine one may take long, and no test is about that time.
        settings.register_profile(name, deadline=None, max_examples=number)
    settings.load_profile("default")


def share_of_examples(share: float) -> settings:
    """Settings, as a decorator, with *share* times the examples of the loaded profile; say why beside it."""
    return settings(max_examples=max(1, round(settings.default.max_examples * share)))
