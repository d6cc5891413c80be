"""What many domains of one run share is looked at once: MX hosts of a provider, above all."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, TypeVar

T = TypeVar("T")

KEPT = 5_000  # looks; the oldest goes first


class Once:
    """Looks that are under way or done, by key. A look goes on though who asked has no time left."""

    def __init__(self, kept: int = KEPT) -> None:
        self._looks: dict[Hashable, asyncio.Task[Any]] = {}
        self._kept = kept

    async def look(
        self, key: Hashable, make: Callable[[], Coroutine[Any, Any, T]], until: float, late: T
    ) -> T:
        """What ``make`` sees, or saw for somebody else; ``late`` where that is not known in time."""
        task: asyncio.Task[T] | None = self._looks.get(key)
        if task is None:
            task = self._looks[key] = asyncio.create_task(make())
            self._forget()
        try:
            async with asyncio.timeout_at(until):
                return await asyncio.shield(task)
        except TimeoutError:
            return late

    async def close(self) -> None:
        """End what is still under way."""
        looks = list(self._looks.values())
        for look in looks:
            look.cancel()
        await asyncio.gather(*looks, return_exceptions=True)

    def _forget(self) -> None:
        if len(self._looks) <= self._kept:
            return
        oldest = next((key for key, look in self._looks.items() if look.done()), None)
        if oldest is not None:
            del self._looks[oldest]
