"""Settings of a session: drizzle-orm runs all migrations in one, so what one leaves changed holds for the next.

A database that ran the mainline's migrations before runs the branch's in a session without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from drizzle_guard.sql.tokens import Token, words

#: they change what names stand for, in the script itself already: nothing can be told of what is behind them
OF_NAMES = words("search_path role session_authorization")
#: they change how long something takes or what is reported, not what a statement does
_HARMLESS = words(
    "statement_timeout lock_timeout idle_in_transaction_session_timeout transaction_timeout client_min_messages "
    "application_name client_encoding check_function_bodies xmloption row_security work_mem maintenance_work_mem "
    "temp_buffers synchronous_commit max_parallel_workers_per_gather max_parallel_maintenance_workers "
    "max_statement_time max_execution_time lock_wait_timeout innodb_lock_wait_timeout wait_timeout net_read_timeout "
    "net_write_timeout sql_notes sql_warnings sql_log_bin sort_buffer_size"
)
_SCOPES = words("session local global persist persist_only")
#: SET … of no setting, or for one statement or transaction
_NO_SETTING = words(
    "transaction characteristics constraints names character charset password default statement resource"
)
_ASSIGNS = frozenset({"=", "to"})
#: a setting that is on unless somebody turned it off
_ON = words("foreign_key_checks unique_checks check_constraint_checks standard_conforming_strings autocommit")
_NORMAL = frozenset(
    {("session_replication_role", "origin"), *((name, on) for name in _ON for on in ("1", "on", "true"))}
)
_ALL = "all"


def assigned(tokens: Sequence[Token]) -> Iterator[tuple[str, str]]:
    """The settings that a statement gives another value, each with the value in lower case."""
    verb = tokens[0].text
    if verb in ("reset", "discard"):
        yield from ((token.text.lower(), "default") for token in tokens[1:2])
    elif verb == "set":
        yield from _of_set(tokens)
    for n, token in enumerate(tokens[:-4]):
        if token.text == "set_config" and tokens[n + 1].text == "(":
            yield tokens[n + 2].text.strip("'").lower(), tokens[n + 4].text.lower()


def _of_set(tokens: Sequence[Token]) -> Iterator[tuple[str, str]]:
    at = 1
    while at < len(tokens):
        end = next((n for n in range(at, len(tokens)) if tokens[n] == Token("mark", ",")), len(tokens))
        part = list(tokens[at:end])
        at = end + 1
        marks = 0
        while part and (part[0].text in ("@", ".") or (part[0].text in _SCOPES and len(part) > 1)):
            marks += part.pop(0).text == "@"
        if marks == 1 or not part or part[0].text in _NO_SETTING:  # a variable of the user's
            continue
        name, *value = (token.text.lower() for token in part)
        if name == "time":
            name, value = "timezone", value[1:]
        elif name == "schema":
            name = "search_path"
        elif name == "authorization":
            name = "session_authorization"
        elif not _ASSIGNS & set(value) and name not in OF_NAMES:
            continue  # more of the value before it
        yield name, "".join(value).removeprefix(":").removeprefix("=").removeprefix("to")


def left_behind(statements: Sequence[Sequence[Token]]) -> dict[int, str]:
    """The settings that a script leaves changed, by the number of the statement that changes each last."""
    found: dict[str, list[tuple[int, str]]] = {}
    for number, tokens in enumerate(statements):
        for name, value in assigned(tokens):
            if name == _ALL:
                found.clear()
            else:
                found.setdefault(name, []).append((number, value))
    left = {}
    for name, values in found.items():
        number, last = values[-1]
        # a variable holds what it was before; that another value is the old one cannot be told
        put_back = last == "default" or last.startswith("@") or (name, last.strip("'")) in _NORMAL
        if name not in _HARMLESS | OF_NAMES and not put_back:
            left[number] = name
    return left
