"""Client of ringcast, the broker for server-sent events: Client, AsyncClient and make_token."""

from ._async_client import AsyncClient, AsyncSubscription
from ._client import Client, Subscription
from ._errors import InvalidEventError, PublishError, RefusedError, RingcastError, UnreachableError
from ._event_stream import Comment, EventStreamParser, Position, Retry
from ._token import make_token
from ._values import Event, Gap, Published, PublishedMany, State
from ._version import __version__

__all__ = [
    "AsyncClient", "AsyncSubscription", "Client", "Comment", "Event", "EventStreamParser", "Gap", "InvalidEventError",
    "Position", "PublishError", "Published", "PublishedMany", "RefusedError", "Retry", "RingcastError", "State",
    "Subscription", "UnreachableError", "__version__", "make_token",
]
