"""PostgreSQL's operators: those that a migration makes, drops or alters, and whatever is written with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from drizzle_guard.light import pattern
from drizzle_guard.sql.footprint.columns import qualified
from drizzle_guard.sql.footprint.draft import Draft
from drizzle_guard.sql.footprint.mentions import Mentions
from drizzle_guard.sql.footprint.touch import Mode, Thing
from drizzle_guard.sql.tokens import Cursor, Token, words

_SIGNS = frozenset("+-*/<>=~!@#%^&|`?")
_RUN = pattern(r"[-+*/<>=~!@#%^&|`?]{2,}")
#: PostgreSQL 17, `SELECT DISTINCT oprname FROM pg_operator`
_BUILT_IN = words(
    "+ - * / < > = ~ ! @ # % ^ & | ? <> <= >= != || << >> |/ ||/ !! -> ->> #> #>> #- @> <@ ?| ?& @? @@ @@@ && &< &> "
    "<<| |>> &<| |&> -|- ~~ !~~ ~~* !~~* !~ ~* !~* ~= ~<~ ~<=~ ~>~ ~>=~ <-> ## @-@ ?# ?- ?-| ?|| <^ >^ *= *< *> *<= "
    "*>= *<> ^@ <<= >>="
)
#: what stands behind a column of an index and is no operator class
_NO_CLASS = words("asc desc nulls first last collate include with where")


def operator(draft: Draft, at: Cursor, verb: str) -> None:
    """CREATE, DROP and ALTER OPERATOR [CLASS | FAMILY]; `at` stands behind that word and its guard."""
    if at.peek() == "family":
        draft.unbounded = "changes a family of operators"
        return
    if at.skip("class"):
        at.guard()
        _, name = qualified(draft, at)  # as an index names it, mostly without its schema
        draft.name("operator class", ("", name), verb)
        draft.words |= {name}
        draft.mention(Mentions(at.rest(), draft.dialect), definition=True)
        return
    at.guard()
    name = ""
    while at.at < len(at.tokens) and at.peek() != "(":
        sign = at.take()
        name = name + sign if sign in _SIGNS else ""
    if name in _BUILT_IN or not name:
        draft.unbounded = "changes what an operator stands for"
        return
    draft.touch(("operator", name), Mode.CHANGE, Thing("operator", name), verb)
    functions = []
    for n, token in enumerate(at.tokens[:-2]):
        if token.text in ("function", "procedure") and at.tokens[n + 1].text == "=":
            called = qualified(draft, Cursor(at.tokens, n + 2))
            draft.use_function(called)
            functions.append(called)
    if verb == "creates":
        draft.known.operators[name] = tuple(functions)


def use_operators(draft: Draft, tokens: Sequence[Token]) -> None:
    """The operators in a statement, and in the bodies that it holds, that do not come with PostgreSQL."""
    for name in dict.fromkeys(_foreign(tokens)):
        draft.touch(("operator", name), Mode.USE, Thing("operator", name), "uses")
        for called in draft.known.operators.get(name, ()):
            draft.use_function(called)


def _foreign(tokens: Sequence[Token]) -> Iterator[str]:
    run = ""
    for token in tokens:
        if token.kind == "mark" and token.text in _SIGNS:
            run += token.text
            continue
        if len(run) > 1 and run not in _BUILT_IN:
            yield from _parts(run)
        run = ""
        if token.kind == "body":
            for found in _RUN.findall(token.text):
                if found not in _BUILT_IN:
                    yield from _parts(found)


def _parts(run: str) -> Iterator[str]:
    """What may be an operator in a run of signs: blanks are not known here, and a sign may follow."""
    for start in range(min(len(run), 8)):
        for end in range(start + 2, min(len(run), start + 8) + 1):
            if run[start:end] not in _BUILT_IN:
                yield run[start:end]


def index_classes(draft: Draft, inner: Sequence[Token]) -> None:
    """The operator classes that the columns of an index name."""
    depth = 0
    for n, token in enumerate(inner):
        depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind == "mark" else 0
        before = inner[n - 1] if n else Token("mark", ",")
        if depth or token.kind == "mark" or token.text in _NO_CLASS or before.text in (",", "collate", "."):
            continue
        if before.text not in ("nulls",):
            draft.use("operator class", ("", draft.dialect.fold(token)))
