"""How many cases a property is tried with, and which: in short runs always the same."""

import os

from hypothesis import HealthCheck, Phase, settings

DEEP = int(os.environ.get("CNNVIZ_PROPERTIES", "0"))
"""Examples a test, of which each run draws others; without it a few, always the same."""


def steady(examples: int) -> settings:
    """So many examples, the same on every run; or as many others as the environment asks for."""
    phases = [Phase.explicit, Phase.generate, *([Phase.shrink] if DEEP else [])]
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    return settings(
        max_examples=DEEP or examples,
        derandomize=not DEEP,
        deadline=None,
        database=None,
        phases=phases,
        suppress_health_check=checks,
    )
