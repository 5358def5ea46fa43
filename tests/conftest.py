"""What holds for all tests: none of them fails by the clock, on however busy a machine."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# Else the setting is 0.2 seconds for an example, and a limit on how long examples take to be made.
settings.register_profile("untimed", parent=settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")
