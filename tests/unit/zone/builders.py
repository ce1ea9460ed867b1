"""Groups from rewards, for the tests of the zone."""

from hypothesis import strategies as st

from zppo.types import Group, Kind, Prompt, Question, Rollout


def group(*rewards: float | None, id: str = "q", kind: Kind = "plain") -> Group:
    question = Question(id, f"{id}?", "1")
    rollouts = [Rollout([i + 1, 0], f"response {i}", reward=r) for i, r in enumerate(rewards)]
    return Group(Prompt(kind, question, question.text), rollouts)


rewards = st.sampled_from([0.0, 1.0])
maybe_unscored = st.sampled_from([0.0, 1.0, None])


def groups(reward: st.SearchStrategy = maybe_unscored, size: st.SearchStrategy | None = None) -> st.SearchStrategy:
    """Lists of groups; `size` is one size for all groups of a list, otherwise each group has its own."""
    if size is None:
        rows = st.lists(st.lists(reward, min_size=1, max_size=6), min_size=1, max_size=8)
    else:
        rows = size.flatmap(lambda n: st.lists(st.lists(reward, min_size=n, max_size=n), min_size=1, max_size=8))
    return rows.map(lambda rows: [group(*row, id=f"q{i}") for i, row in enumerate(rows)])
