"""Moved to `adamml.results.wording`. Goes with the next release."""

import warnings

from adamml.results.wording import *  # noqa: F403

warnings.warn("adamml.words is now adamml.results.wording", DeprecationWarning, stacklevel=2)
