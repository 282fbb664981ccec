"""The journal: what each commit did, in files that are written once, beside the manifest."""
