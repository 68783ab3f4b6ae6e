"""Which migration is which: after a renumbering, one migration has two names in history."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from drizzle_guard.drizzle.folder import Migration
from drizzle_guard.drizzle.snapshot import snapshot_id
from drizzle_guard.sql.statements import decode, is_trivial

Pairs = dict[int, int]  # position on the left -> position on the right


def match_known(base: Sequence[Migration], side: Sequence[Migration]) -> Pairs:
    """Where each migration of a common ancestor stands on a side, renumbered or edited or not.

    The strongest sign first: the same tag and SQL; the same suffix and SQL; the same tag; the same SQL under another
    name; the same suffix and snapshot id.
    """
    pairs: Pairs = {}
    for n, (one, other) in enumerate(zip(base, side, strict=False)):
        if one is not other and _tag_and_sql(one) != _tag_and_sql(other):
            break
        pairs[n] = n  # as `_pair` would do; nearly always this is all of them
    for key in (_tag_and_sql, _suffix_and_sql, _tag):
        _pair(base, side, pairs, key)
    _pair(base, side, pairs, _sql, _does_something)
    # another text under the same snapshot id and suffix is an edit; under another suffix it was generated anew
    _pair(base, side, pairs, _suffix, _snapshot_id)
    return pairs


def match_new(one: Sequence[Migration], other: Sequence[Migration]) -> Pairs:
    """Which of the migrations that two sides added are the same (a cherry-pick): byte-identical SQL, and a proof.

    `one` and `other` are all that each side added, in order.  Proof is the same name or the same snapshot id; without
    either, a text that cannot run twice and that nothing else on either side touches (`same_sql`).  The same tag alone
    says nothing here: two people may both have called theirs `0003_add_age`.  Nor does a name that both chose for SQL
    which each of them generated: then their snapshots have two ids.
    """
    pairs: Pairs = {}
    for key in (_tag_and_sql, _suffix_and_sql):
        _pair(one, other, pairs, key)
    _pair(one, other, pairs, _sql, _does_something)
    doubtful = [n for n, m in pairs.items() if not _is_one(one[n], other[m])]
    while doubtful and (wrong := _unproven(one, other, pairs, doubtful)):
        for n in wrong:
            del pairs[n]  # it now stands beside the others
        doubtful = [n for n in doubtful if n in pairs]
    return pairs


def _is_one(one: Migration, other: Migration) -> bool:
    """Whether name or snapshot say that two migrations of the same SQL are one."""
    if one.tag == other.tag and (one.snapshot == other.snapshot or one.entry == other.entry):
        return True  # generated in one millisecond under one random name: somebody copied it
    ids = [_snapshot_id(one), _snapshot_id(other)]
    if None not in ids:
        return ids[0] == ids[1] or (one.entry.suffix == other.entry.suffix and not _does_something(one))
    return one.entry.suffix == other.entry.suffix


def _unproven(one: Sequence[Migration], other: Sequence[Migration], pairs: Pairs, doubtful: Sequence[int]) -> list[int]:
    """Which of the doubtful pairs the SQL does not prove."""
    from drizzle_guard.replay.same_sql import is_touched, made_by, read_as_touched  # late: hardly ever needed

    places = [pairs[n] for n in sorted(pairs)]
    in_order = places == sorted(places)
    taken = set(places)
    # pairs in one order on both sides did the same to what they touch
    beside = [_text(m) for n, m in enumerate(one) if n not in pairs or not in_order]
    beside += [_text(m) for n, m in enumerate(other) if n not in taken or not in_order]
    wrong, proven = [], []
    for n in doubtful:
        text = _text(one[n])
        made = made_by(text)
        others = beside if in_order else [t for t in beside if t != text]
        if made is None or is_touched(made, others):
            wrong.append(n)
        else:
            proven.append((n, text, made))
    again = read_as_touched([(text, made) for _, text, made in proven], beside)
    return [*wrong, *(proven[place][0] for place in sorted(again))]


def _text(migration: Migration) -> str:
    return decode(migration.sql.data) if migration.sql else ""


def _pair(
    left: Sequence[Migration],
    right: Sequence[Migration],
    pairs: Pairs,
    key: Callable[[Migration], Hashable],
    proof: Callable[[Migration], Hashable] | None = None,
) -> None:
    """Pair what is still alone and has the same key, in order.

    `proof`, for which files must be read, is only asked of those; it has to be equal too, and something.
    """
    taken = set(pairs.values())
    alone = [n for n in range(len(left)) if n not in pairs]
    if not alone:
        return
    waiting: dict[Hashable, list[int]] = {}
    for n, migration in enumerate(right):
        if n not in taken and (value := key(migration)) is not None:
            waiting.setdefault(value, []).append(n)
    for n in alone if waiting else ():
        for m in waiting.get(key(left[n]), ()):
            if proof is None or ((value := proof(left[n])) and value == proof(right[m])):
                pairs[n] = m
                waiting[key(left[n])].remove(m)
                break


def _tag_and_sql(migration: Migration) -> Hashable:
    return (migration.tag, migration.sql and migration.sql.id)


def _suffix_and_sql(migration: Migration) -> Hashable:
    return (migration.entry.suffix, migration.sql and migration.sql.id)


def _tag(migration: Migration) -> Hashable:
    return migration.tag


def _suffix(migration: Migration) -> Hashable:
    return migration.entry.suffix


def _sql(migration: Migration) -> Hashable:
    return migration.sql and migration.sql.id


def _does_something(migration: Migration) -> Hashable:
    """Empty custom migrations all have the same bytes, and are not the same for that."""
    return migration.sql is not None and not is_trivial(decode(migration.sql.data))


def _snapshot_id(migration: Migration) -> Hashable:
    return None if migration.snapshot is None else snapshot_id(migration.snapshot)
