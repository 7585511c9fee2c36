"""Which examples Hypothesis draws: profiles for `make test` and `make test-all`, and shares of them."""

from hypothesis import HealthCheck, settings

EXAMPLES = {"default": 100, "full": 500}
"""Examples of a test by profile. `--full` loads `full`; `--hypothesis-profile` chooses either."""
HURRIED = (HealthCheck.too_slow,)
"""The checks of Hypothesis that measure time."""


def register_profiles() -> None:
    """Register the profiles, and load `default`.

    `default` draws the same examples in every run, so that it does not depend on chance whether a change is
    refused. `full` draws new ones.
    """
    for name, number in EXAMPLES.items():
        settings.register_profile(
            name,
            max_examples=number,
            derandomize=name == "default",
            # On a busy machine an example may take long, and drawing one too; no test is about that time.
            deadline=None,
            suppress_health_check=HURRIED,
        )
    settings.load_profile("default")


def share_of_examples(share: float) -> settings:
    """Settings, as a decorator, with *share* times the examples of the loaded profile; say why beside it."""
    return settings(max_examples=max(1, round(settings.default.max_examples * share)))


def with_shared_fixtures(share: float = 1.0) -> settings:
    """As `share_of_examples`, for a test whose examples share what its fixtures have made."""
    return settings(
        share_of_examples(share), suppress_health_check=(*HURRIED, HealthCheck.function_scoped_fixture)
    )
