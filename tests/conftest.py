"""Settings for all tests."""

import os

import hypothesis

# Examples are random on purpose: each run looks elsewhere. A failure prints what is needed to see it again, and stays
# in .hypothesis. Under CI they are the same each time. No deadline: two processes share the machine.
# HYPOTHESIS_PROFILE=thorough looks longer.
hypothesis.settings.register_profile("default", derandomize="CI" in os.environ, deadline=None, print_blob=True)
hypothesis.settings.register_profile("thorough", hypothesis.settings.get_profile("default"), max_examples=2000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
