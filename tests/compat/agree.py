"""When what ours tells agrees with what 2.2 tells."""

import re
from typing import Any


def normal(text: str) -> str:
    """Take the clock, addresses and the Python version out of a telling; dates of 2025 and before stay."""
    text = re.sub(r"0x[0-9a-f]+", "0x", text)
    text = re.sub(r"(?<![0-9])20(2[6-9]|[3-9][0-9])-[0-9]{2}-[0-9]{2}T[0-9:]{8}", "NOW", text)
    text = re.sub(r"(?<![0-9])20(2[6-9]|[3-9][0-9])[0-9]{10}(?![0-9])", "STAMP", text)
    return re.sub(r"datetime\.datetime\(20(2[6-9]|[3-9][0-9]),[^)]*\)", "NOW", text)


def agree(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    """Whether two tellings say the same; an error agrees with one of the classes it is caught by."""
    if "raises" in theirs:
        return "raises" in ours and theirs["raises"][0] in ours["raises"]
    return "gives" in ours and normal(ours["gives"]) == normal(theirs["gives"])
