"""Calls that wait for their turn."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import settings as options
from hypothesis import strategies as st

from zppo.engines.base import EXPECTED, REQUIRED, SPECULATIVE, Priority
from zppo.engines.slots import Slots


class Office:
    """Visitors of `Slots`, who write down that they were served and then wait to be let go."""

    def __init__(self, count: int) -> None:
        self.slots = Slots(count)
        self.served: list[str] = []
        self.at_once = self.most_at_once = 0

    async def visit(self, name: str, priority: Priority, done: Awaitable[object] | None = None) -> None:
        async with self.slots.one(priority):
            self.served.append(name)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            try:
                await (done or asyncio.sleep(0))
            finally:
                self.at_once -= 1


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def played(scene: Callable[[Office, asyncio.Event], Awaitable[object]]) -> list[str]:
    """Who was served in which order, behind one visitor who stays until the event."""

    async def play() -> list[str]:
        office, leave = Office(1), asyncio.Event()
        first = asyncio.create_task(office.visit("first", Priority(), leave.wait()))
        await settled()
        await scene(office, leave)
        leave.set()
        await first
        await settled()
        await asyncio.wait_for(office.visit("last", Priority(SPECULATIVE)), 1)
        assert office.most_at_once == 1
        return office.served[1:-1]

    return asyncio.run(play())


def test_the_most_urgent_goes_first_and_equals_in_the_order_of_coming() -> None:
    async def scene(office: Office, leave: asyncio.Event) -> None:
        for name, rank in (("d", SPECULATIVE), ("b", EXPECTED), ("e", SPECULATIVE), ("a", REQUIRED), ("c", EXPECTED)):
            office.tasks = [*getattr(office, "tasks", []), asyncio.create_task(office.visit(name, Priority(rank)))]
            await settled()

    assert played(scene) == list("abcde")


def test_what_has_become_urgent_overtakes() -> None:
    async def scene(office: Office, leave: asyncio.Event) -> None:
        later = Priority(SPECULATIVE)
        office.tasks = [
            asyncio.create_task(office.visit("a", Priority(EXPECTED))),
            asyncio.create_task(office.visit("b", later)),
        ]
        await settled()
        later.rank = REQUIRED

    assert played(scene) == list("ba")


def test_who_gives_up_while_waiting_is_not_waited_for() -> None:
    async def scene(office: Office, leave: asyncio.Event) -> None:
        gone = asyncio.create_task(office.visit("gone", Priority()))
        office.tasks = [asyncio.create_task(office.visit("a", Priority()))]
        await settled()
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone

    assert played(scene) == ["a"]


def test_who_gives_up_in_the_moment_of_the_turn_passes_it_on() -> None:
    async def scene(office: Office, leave: asyncio.Event) -> None:
        gone = asyncio.create_task(office.visit("gone", Priority()))
        await settled()
        office.slots._pass_on()  # the turn has come, but the task has not run yet
        gone.cancel()
        await settled()
        assert gone.cancelled()
        await office.slots._take(Priority())  # as if the first visitor had never left

    assert played(scene) == []


@given(st.integers(1, 3), st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=12))
@options(max_examples=50)
def test_all_who_stay_are_served_and_never_too_many_at_once(count: int, visitors: list[tuple[int, bool]]) -> None:
    async def play() -> None:
        office = Office(count)
        tasks = [asyncio.create_task(office.visit(str(i), Priority(rank))) for i, (rank, _) in enumerate(visitors)]
        await asyncio.sleep(0)
        for task, (_, leaves) in zip(tasks, visitors, strict=True):
            if leaves:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert {str(i) for i, (_, leaves) in enumerate(visitors) if not leaves} <= set(office.served)
        assert office.most_at_once <= count
        assert office.slots._free == count

    asyncio.run(play())
