"""What went wrong with a request: told apart by what is to be done, and in words that hold no secret.

obstore gives the answer of a store as the text of an exception. That text may quote signed URLs and headers, so it is
read here and thrown away; what is shown are the status and the code of the answer, which every store documents.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

from lazyscribe.exception import AccessDeniedError, LazyscribeError, UnreachableError, UnreadableError

if TYPE_CHECKING:
    from lazyscribe.store.objects.asking import Version


class Kind(Enum):
    """What an answer means to who asked."""

    MISSING = auto()
    """There is no such file."""
    UNCHANGED = auto()
    """It still is what the asker knows."""
    REFUSED = auto()
    """The condition of a write did not hold; nothing was written."""
    BUSY = auto()
    """Nothing was done; ask again a little later."""
    AWAY = auto()
    """There was no connection, so nothing was done; ask again a little later."""
    LOST = auto()
    """It may have been done; look, then ask again."""
    FATAL = auto()
    """Asking again will not help."""


class Trouble(NamedTuple):
    """A request that was not answered well.

    Attributes
    ----------
    why
        In a few words, without secrets.
    advice
        What to do next.
    denied
        Whether the store knows what was asked and will not do it for this user.
    """

    kind: Kind
    why: str
    advice: str = "see whether the store works, and try again"
    denied: bool = False

    def error(self, place: str, act: str = "Reading") -> LazyscribeError:
        """Return what is to be raised about `place`; `act`: what was to be done there."""
        failed = f"{act} {place} is refused" if self.denied else f"{place} cannot be reached"
        message = f"{failed} ({self.why}); {self.advice}."
        if self.denied:
            return AccessDeniedError(message, path=place)
        if self.kind in (Kind.BUSY, Kind.AWAY, Kind.LOST):
            return UnreachableError(message, path=place)
        return UnreadableError(message, path=place)


FOLDER = Trouble(Kind.FATAL, "it is a folder", "give the path of a file, such as one in it")
"""What is said where a file is to be and a folder is."""


class Refused(Exception):  # noqa: N818 - it is an answer, and never leaves this package
    """A conditional write was refused.

    Attributes
    ----------
    perhaps
        Whether an earlier try, the answer to which was lost, may have been done before somebody else's write.
    folder
        Whether that is because a folder has the name, in a store that has folders.
    there
        What was found there by a swap, as who reads it is told.
    """

    def __init__(self, perhaps: bool = False, folder: bool = False, there: Version | None = None) -> None:
        super().__init__()
        self.perhaps, self.folder, self.there = perhaps, folder, there


class Failed(Exception):  # noqa: N818 - as above
    """A write did not go well.

    Attributes
    ----------
    trouble
        Its last answer.
    perhaps
        Whether it may have been done all the same.
    """

    def __init__(self, trouble: Trouble, perhaps: bool = False) -> None:
        super().__init__()
        self.trouble, self.perhaps = trouble, perhaps

    def error(self, place: str) -> LazyscribeError:
        """Return what is to be raised about `place`."""
        return self.trouble.error(place, "Writing to")


_SAID = "\nDebug source:\n"
"""What comes before that part of a text that tells what happened a line for each thing, in which names, addresses and
answers are quoted without the ends of their lines: so nobody's words can be taken for obstore's."""
_STATUS = re.compile(r"^ *status: (\d{3}),$", re.MULTILINE)
_STATUS_IN_WORDS = re.compile(r"non-2xx status code: (\d{3})")
_BODY = re.compile(r"^ *body: Some\(\n(.*)", re.MULTILINE)
_CODE = re.compile(r"<Code>\s*(\w+)\s*</Code>")
_NO_BUCKET = frozenset({"NoSuchBucket", "ContainerNotFound", "ContainerBeingDeleted", "InvalidBucketName"})
_TAKEN = frozenset(
    {"BlobAlreadyExists", "PathAlreadyExists", "ExistingObjectIsDirectory", "XMinioObjectExistsAsDirectory"}
)
_BELOW_A_FILE = ("a folder on the way to it is a file", "give another path")
_TOO_LONG = ("its name is too long", "give it, or the folders on the way, a shorter name")
_OF_THE_NAME = {
    **dict.fromkeys(("ExistingObjectIsFile", "XMinioParentIsObject"), _BELOW_A_FILE),
    **dict.fromkeys(("KeyTooLongError", "KeyTooLong"), _TOO_LONG),
}
"""What is wrong with the name that was asked for, and what is to be done."""
_EXPIRED = frozenset({"ExpiredToken", "InvalidToken", "TokenRefreshRequired"})
_AGAIN = frozenset({"RequestTimeout", "RequestTimeTooSlow", "OperationTimedOut", "SlowDown"})
_NEVER_SENT = (ValueError, TypeError, NotImplementedError)
"""What obstore raises where it refuses by itself to ask for something."""
_NO_CREDENTIALS = re.compile(
    r"^ *http://(169\.254\.169\.254|metadata\.google\.internal|169\.254\.170\.2)/", re.MULTILINE
)
_NO_LENGTH = re.compile(r"\bsource: MissingContentLength,$", re.MULTILINE)
_REDIRECT = re.compile(r"^ *(inner: BareRedirect|kind: Redirect),$", re.MULTILINE)
_NOT_CONNECTED = re.compile(r"^ *HttpError \{\n *kind: Connect,$", re.MULTILINE)
"""Its proof that the request was never sent."""
_CERTIFICATE = re.compile(r"^ *(error: |source: )?(InvalidCertificate|UnknownIssuer|NotValidForName)\b", re.MULTILINE)
_LATE = re.compile(r"^ *(\w+: )?(Timeout|TimedOut),$", re.MULTILINE)
_ENDPOINT = re.compile(r"^ *(https?://)(?:[^/\s?#@]*@)?([^/\s?#@\"',]+)", re.MULTILINE)
"""What was asked, without a password and what is to be had there."""


def trouble_of(error: Exception) -> Trouble:
    """Return what an exception of obstore means."""
    if type(error).__name__ == "InvalidPathError":
        return Trouble(Kind.FATAL, "an object there has a name with a control character", "give it another name")
    if isinstance(error, _NEVER_SENT):
        return Trouble(Kind.FATAL, "such a request cannot be sent", "see whether its name and options are right")
    words, _, said = str(error).rpartition(_SAID)
    if _NO_CREDENTIALS.search(said):
        return _denied("no credentials were found", "give them as options, in the environment or in a profile")
    if status := _STATUS.search(said):
        body = _BODY.search(said)
        return _answered(int(status.group(1)), body.group(1) if body else "")
    if not words and (status := _STATUS_IN_WORDS.search(said)):
        return _answered(int(status.group(1)), said)
    if isinstance(error, FileNotFoundError):
        return Trouble(Kind.MISSING, "there is no such file")
    return _unheard(said)


def _unheard(said: str) -> Trouble:
    """Return what went wrong where there was no answer, or none that obstore takes for one.

    Only what never was sent, or was answered by the way to another place, has not been done for certain.
    """
    if _NO_LENGTH.search(said):
        advice = "have it send files whole, with a Content-Length, or copy the folder to another place"
        return Trouble(Kind.FATAL, "its server does not say how long the file is", advice)
    if _REDIRECT.search(said):
        return _elsewhere("with a redirect")
    if not _NOT_CONNECTED.search(said):
        return Trouble(Kind.LOST, "no answer in time" if _LATE.search(said) else "the connection broke")
    if _CERTIFICATE.search(said):
        advice = "install the certificate of its authority, or name it with verify='path/of/ca.pem'"
        return Trouble(Kind.FATAL, "its certificate cannot be trusted", advice)
    named = _ENDPOINT.search(said)
    endpoint = f"the endpoint {''.join(named.groups())}" if named else "the endpoint"
    return Trouble(Kind.AWAY, "no connection", f"see whether {endpoint} is right and the network works")


def _answered(status: int, body: str) -> Trouble:
    found = _CODE.search(body)
    code = found.group(1) if found else ""
    shown = f"{status} {code}".strip()
    if code in _NO_BUCKET or (status == 404 and "bucket does not exist" in body):
        return Trouble(Kind.FATAL, f"there is no such bucket: {shown}", "create it, or give the name of another")
    if status in (401, 403) or code in ("InvalidAccessKeyId", "SignatureDoesNotMatch") or code in _EXPIRED:
        return _refused_to_us(code, shown)
    if code in _OF_THE_NAME:
        why, advice = _OF_THE_NAME[code]
        return Trouble(Kind.FATAL, f"{why}: {shown}", advice)
    if status == 409 and code not in _TAKEN:
        return Trouble(Kind.BUSY, shown)
    kinds = {304: Kind.UNCHANGED, 404: Kind.MISSING, 409: Kind.REFUSED, 412: Kind.REFUSED, 429: Kind.BUSY}
    if status in kinds:
        return Trouble(kinds[status], shown)
    if status == 501:
        return Trouble(Kind.FATAL, f"it does not know what was asked: {shown}", "use another store")
    if status >= 500 or status == 408 or code in _AGAIN:
        return Trouble(Kind.LOST, shown)
    return _elsewhere(shown)


def _elsewhere(answer: str) -> Trouble:
    return Trouble(Kind.FATAL, f"it answers {answer}", "see whether bucket, endpoint and region are right")


def _refused_to_us(code: str, shown: str) -> Trouble:
    if code in ("RequestTimeTooSkewed", "RequestExpired"):
        return _denied(f"the clock of this computer is wrong: {shown}", "set it, then try again")
    if code in _EXPIRED:
        return _denied(f"the credentials are no longer good: {shown}", "renew them, as options or in the environment")
    if code in ("InvalidAccessKeyId", "SignatureDoesNotMatch", "AuthenticationFailed"):
        return _denied(f"the credentials are wrong: {shown}", "give others, or see which ones the environment holds")
    return _denied(f"these credentials may not do that: {shown}", "give others, or have the store allow it")


def _denied(why: str, advice: str) -> Trouble:
    return Trouble(Kind.FATAL, why, advice, denied=True)
