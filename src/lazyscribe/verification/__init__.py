"""Whether what is on disk is whole: the check behind ``project.verify()``, ``repository.verify()`` and the command.

Imported only when it is used. Everything goes through a store, nothing is written, and no value is deserialised.
"""

from lazyscribe.verification.check import verify
from lazyscribe.verification.contents import Subject
from lazyscribe.verification.report import KINDS, SCHEMA, Finding, Report

__all__ = ["KINDS", "SCHEMA", "Finding", "Report", "Subject", "verify"]
