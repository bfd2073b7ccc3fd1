"""What a publisher gives, as the JSON that POST /events takes."""

from __future__ import annotations

import json
from typing import Any, Dict, Mapping, Optional, Sequence, Union

from ._errors import InvalidEventError

Data = Union[str, bytes, bytearray, memoryview, Mapping[str, Any], Sequence[Any], int, float, bool, None]

FIELDS = ("topic", "data", "event", "id", "retry_ms", "comment", "key", "private")


def data_text(data: Data) -> str:
    """str and bytes as they are, anything else as compact JSON. InvalidEventError if it cannot be."""
    if isinstance(data, str):
        return data
    if isinstance(data, (bytes, bytearray, memoryview)):
        try:
            return bytes(data).decode()
        except UnicodeDecodeError as error:
            raise InvalidEventError(
                f"data is not UTF-8: byte 0x{error.object[error.start]:02x} at {error.start}; "
                "encode binary data first, as in base64") from None
    try:
        return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except RecursionError:
        raise InvalidEventError("data is nested too deeply for JSON") from None
    except (TypeError, ValueError) as error:
        if "Out of range float" in str(error):
            raise InvalidEventError(
                f"data has NaN or Infinity, which JSON does not have, at {_path_of_non_number(data)}") from None
        raise InvalidEventError(f"data cannot be JSON: {error}") from None


def _path_of_non_number(value: Any, path: str = "$") -> Optional[str]:
    """Where in `value` a float is that is no number, as in $.list[3]."""
    if isinstance(value, float):
        return path if value != value or value in (float("inf"), float("-inf")) else None
    places: Any = ()
    if isinstance(value, dict):
        places = ((f"{path}.{key}", each) for key, each in value.items())
    elif isinstance(value, (list, tuple)):
        places = ((f"{path}[{place}]", each) for place, each in enumerate(value))
    for deeper, each in places:
        found = _path_of_non_number(each, deeper)
        if found is not None:
            return found
    return None


def event_line(
    topic: Union[str, Sequence[str]], data: Data, event: Optional[str] = None, id: Optional[str] = None,
    retry_ms: Optional[int] = None, comment: bool = False, key: Optional[str] = None, private: bool = False,
) -> bytes:
    """One event as a JSON object. What is None is left out; what is empty is sent, for the broker to judge."""
    line: Dict[str, Any] = {"topic": topic} if isinstance(topic, str) else {"topics": list(topic)}
    line["comment" if comment else "data"] = data_text(data)
    for name, value in (("event", event), ("id", id), ("retry", retry_ms), ("key", key)):
        if value is not None:
            line[name] = value
    if private:
        line["private"] = True
    try:
        return json.dumps(line, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except UnicodeEncodeError as error:
        raise InvalidEventError(
            f"{_name_of(line, error.object[error.start])} has half of a surrogate pair "
            f"({error.object[error.start]!r}), which UTF-8 does not have") from None
    except (TypeError, ValueError) as error:
        raise InvalidEventError(f"an event cannot be JSON: {error}") from None


def _name_of(line: Mapping[str, Any], letter: str) -> str:
    return next((name for name, value in line.items() if letter in str(value)), "the event")


def event_line_of(item: object, index: int, new_key: str) -> tuple[bytes, bool]:
    """An element of publish_many as a line, and whether it got `new_key` for want of one of its own."""
    if not isinstance(item, Mapping):
        raise InvalidEventError(f"a mapping with topic and data is needed, not {type(item).__name__}", index)
    unknown = [str(name) for name in item if name not in FIELDS]
    if unknown:
        raise InvalidEventError(f"unknown field {unknown[0]!r}; there are {', '.join(FIELDS)}", index)
    missing = [name for name in ("topic", "data") if name not in item]
    if missing:
        raise InvalidEventError(f"no {missing[0]}", index)
    gets_key = item.get("key") is None and not item.get("comment")
    try:
        return event_line(**{**item, "key": new_key} if gets_key else item), gets_key
    except InvalidEventError as error:
        error.index = index
        raise
