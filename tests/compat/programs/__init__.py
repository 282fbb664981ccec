"""Little programs that run in 2.2 and in ours; see ``test_drop_in.py``."""
