"""Experiment log and versioned artifact repository: no server, and no save is lost."""

from lazyscribe.experiment import Experiment
from lazyscribe.project import Project
from lazyscribe.repository import Repository
from lazyscribe.test import Test

__all__ = ["Experiment", "Project", "Repository", "Test", "__version__"]

__version__ = "3.0.0"
