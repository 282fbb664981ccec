"""The lists behind ``project.experiments`` and ``repository.artifacts``."""
