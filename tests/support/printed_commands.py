"""The commands that our messages name, read from the code, and those that a test was told and then typed.

A command is told by its place, `folder/module.py function`, and its words; `{}` stands for what the code fills in.
What stands between backticks in the texts of the rules is prose of `explain`, and no next step.
"""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from support.parts import PROJECT

PACKAGE = PROJECT / "drizzle_guard"

#: a subcommand makes `git …` a command and not a word of a sentence
_GIT = (
    r"add|am|branch|checkout|cherry-pick|commit|config|fetch|log|merge|mv|pull|push|rebase|remote|reset|restore|rm|show"
    r"|stash|switch|update-ref|\{\} --\w+"
)
_OURS = r"apply|check|explain|graph|install|protect|regenerate|rehearse|renumber|repair|status|uninstall"
_START = re.compile(
    rf"(?<![`\w./-])(?:git (?:-c \S+ )?(?:{_GIT})|drizzle-guard (?:{_OURS})|npx (?:drizzle-kit|husky|lefthook)"
    r"|pip install|mkdir -p|sed -i)(?![\w`])"
)
#: where a command ends in a sentence; before these words goes on what is said of it
_END = re.compile(
    r"[,;.:)](?= |$)|\n| {2,}#|`| \("
    r"| (?:and|then|finishes|lists|shows|says|can|do|if|in|it|on|is|undoes|what|would|offers|writes|adds)\b"
)

#: parts of the package that print no next step: the shell lines of hooks and drivers, and the demonstration's screen
_NO_MESSAGES = ("install/shell_lines.py", "demo/", "commands/demo.py", "sql/")

#: where the tool's own name stands and no command: who made a database, asks a server, or heads an annotation
_TITLES = ("title", "application_name", "program_name", "MARK")

#: what a person puts in, as in `drizzle-guard apply --resume-at N`
_PLACEHOLDER = re.compile(r"\b(?:FILE|N|URL|NAME)\b|<\w+>")


class Command(NamedTuple):
    """A command in a message: where the code says it, its words, and the sentence that it belongs to."""

    place: str
    words: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.place}: {self.words}"


@cache
def commands() -> dict[str, tuple[Command, ...]]:
    """Every command that a message of the package names, by place and words; each with all its sentences."""
    found: dict[str, tuple[Command, ...]] = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        name = file.relative_to(PACKAGE).as_posix()
        if not name.startswith(_NO_MESSAGES):
            for command in _in_module(name, ast.parse(file.read_text("utf-8"))):
                found[str(command)] = (*found.get(str(command), ()), command)
    return found


def _in_module(name: str, tree: ast.Module) -> Iterator[Command]:
    titles = set(_titles(tree))

    def walk(node: ast.AST, inside: str, sentence: str) -> Iterator[Command]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
                continue  # a docstring
            if child in titles:
                continue
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                yield from walk(child, child.name, "")
            elif isinstance(child, ast.Assign) and node is tree:
                yield from walk(child, ast.unparse(child.targets[0]), "")
            elif (text := _text_of(child)) is not None:
                is_alone = text.startswith(tuple(commands_in(text)))
                yield from (Command(f"{name} {inside}", w, sentence if is_alone else text) for w in commands_in(text))
            else:
                first = _text_of(child.args[0]) if isinstance(child, ast.Call) and child.args else None
                yield from walk(child, inside, sentence if first is None else first)

    yield from walk(tree, "module", "")


def _titles(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        named: list[tuple[str | None, ast.AST]] = []
        if isinstance(node, ast.keyword):
            named = [(node.arg, node.value)]
        elif isinstance(node, ast.Assign):
            named = [(ast.unparse(node.targets[0]), node.value)]
        elif isinstance(node, ast.Dict):
            named = [(ast.unparse(key).strip("'"), at) for key, at in zip(node.keys, node.values, strict=True) if key]
        yield from (value for name, value in named if name in _TITLES)


def _text_of(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


def commands_in(text: str) -> Iterator[str]:
    """The commands that a text names, in order."""
    at = 0
    while found := _START.search(text, at):
        end = _END.search(text, found.end())
        at = end.start() if end else len(text)
        yield text[found.start() : at].strip()


class _Event(NamedTuple):
    typed: str
    said: str


_events: list[_Event] = []


def heard(argv: Sequence[str], said: str) -> None:
    """Note what was typed in a test, and what was said to it."""
    lines = argv[-1].splitlines() if len(argv) > 2 and argv[0] == "sh" else [shlex.join(_without_form(argv))]
    _events.extend(_Event(line, said) for line in lines)


def forget() -> None:
    """Begin anew: another test starts."""
    _events.clear()


def _without_form(argv: Sequence[str]) -> Iterator[str]:
    """The words but for those that only say how to do it: the message, the database of this test, quietness."""
    words = iter(argv)
    for word in words:
        if word in ("-m", "-qm", "--url"):
            next(words, None)
        elif word not in ("-q", "--no-edit", "--allow-empty", "--no-verify"):
            yield word


def was_told(command: Command) -> bool:
    """Whether this test was told the command in its sentence."""
    text = "".join(event.said for event in _events)
    return all(re.search(_within(template), text) for template in (command.words, command.sentence))


def was_typed(command: Command) -> bool:
    """Whether this test was told the command in its sentence and then typed it, as it was told but for placeholders."""
    asks = _PLACEHOLDER.search(command.words) is not None
    typed = re.compile(_PLACEHOLDER.sub(r"\\S+", _pattern(command.words)) if asks else _pattern(command.words))
    sentence, told, text = re.compile(_within(command.sentence)), re.compile(_within(command.words)), ""
    for event in _events:
        line = event.typed.strip()
        if typed.fullmatch(line) and told.search(text) and sentence.search(text) and (asks or line in text):
            return True
        text += event.said
    return False


def _pattern(template: str) -> str:
    """What matches a text of the code, whatever it fills in."""
    return re.escape(template).replace(re.escape("{}"), r"[\s\S]*?").replace("\\\n", "\n *")


def _within(template: str) -> str:
    """What finds it in a longer text; what is filled in at its ends is no part: that would be sought everywhere."""
    return _pattern(re.sub(r"^(?:\{\})+|(?:\{\})+$", "", template))


#: which test types a command
TYPED = {
    command: test
    for test, typed in {
        "heal/test_bad_merges.py::test_a_published_chain_that_was_renumbered_by_hand": [
            "check/advice.py FIX: drizzle-guard check --fix",
        ],
        "heal/test_bad_merges.py::test_the_printed_command_heals_a_committed_merge": [
            "check/advice.py RENUMBER: drizzle-guard renumber",
            "heal/run.py heal_folders: git commit",
        ],
        "check/test_advice.py::test_a_merge_that_would_be_refused_is_not_advised": [
            "check/advice.py _merge: drizzle-guard graph",
        ],
        "check/test_advice.py::test_what_brings_the_mainline_in_depends_on_whether_the_clone_is_armed": [
            "check/advice.py _merge: git merge {}",
            "check/advice.py _merge: git commit",
            "rules/mainline.py not_after_mainline: git merge {}",
        ],
        "check/test_advice.py::test_what_cannot_be_read_comes_back_from_the_newest_commit_in_which_it_was_sound": [
            "check/from_git.py brings_back: git checkout {} -- {}",
        ],
        "check/test_advice.py::test_a_published_migration_comes_back_with_the_folder": [
            "check/from_git.py _folder: git checkout {} -- {}",
        ],
        "house/test_typed_commands.py::test_the_branch_that_may_be_the_mainline_is_named": [
            "commands/graph.py _mainline: drizzle-guard graph --onto {}",
            "commands/graph.py _mainline: git config {} {}",
            "protect/judge.py _left: git config {} {}",
            "regenerate/tasks.py _without_operation: drizzle-guard regenerate --onto {}",
        ],
        "house/test_typed_commands.py::test_a_shallow_clone_fetches_the_rest": [
            "commands/graph.py draw: git fetch --unshallow",
            "protect/commits.py merge_base: git fetch --unshallow",
            "regenerate/tasks.py _without_operation: git fetch --unshallow",
        ],
        "house/test_typed_commands.py::test_what_install_and_uninstall_leave_to_git": [
            "commands/install.py _tell_what_to_commit: git add {}",
            "commands/uninstall.py command: git checkout HEAD -- {}",
        ],
        "house/test_typed_commands.py::test_a_mainline_that_is_not_fetched_yet": [
            "commands/protect.py run: drizzle-guard protect --from-ref origin/main --to-ref HEAD",
            "git/mainline.py _named: git fetch",
            "git/mainline.py _where_to_name: git config {} {}",
            "protect/commits.py merge_base: git fetch",
        ],
        "house/test_typed_commands.py::test_a_commit_in_the_middle_of_a_conflict": [
            "commands/protect.py _index: drizzle-guard renumber",
        ],
        "heal/test_bad_merges.py::test_a_lost_journal_is_said_by_all": [
            "git/lost_journals.py refuse_lost_journals: git checkout {} -- {}",
        ],
        "house/test_typed_commands.py::test_a_refusal_is_left_by_abort_and_by_hand": [
            "git/sides.py next_command: git am --continue",
            "git/sides.py next_command: git stash drop",
            "git/sides.py next_command: git {} --continue",
            "renumber/ways_out.py lines_for: git add {}",
        ],
        "house/test_typed_commands.py::test_what_is_missing_comes_back_by_install": [
            "install/check.py _attributes: drizzle-guard install",
            "install/check.py _driver: drizzle-guard install",
            "install/check.py _step: drizzle-guard install",
        ],
        "protect/test_protect.py::test_amend_of_the_very_first_commit": [
            "protect/message.py _instead: git update-ref -d HEAD",
        ],
        "house/test_typed_commands.py::test_several_folders_and_changes_that_are_not_committed": [
            "regenerate/tasks.py _refuse_uncommitted: git stash push -- {}",
            "regenerate/tasks.py _without_operation: drizzle-guard regenerate {}",
        ],
        "regenerate/test_regenerate.py::test_without_an_operation": [
            "regenerate/tasks.py _without_operation: git merge {}",
        ],
        "heal/test_bad_merges.py::test_a_rebase_whose_later_commit_took_the_sql_away": [
            "renumber/finish_rebase.py _refuse_half_done: drizzle-guard check",
            "heal/run.py heal_folders: drizzle-guard renumber --yes",
        ],
        "house/test_typed_commands.py::test_what_was_staged_with_markers_is_resolved_again": [
            "renumber/ways_out.py lines_for: drizzle-guard renumber",
            "git/sides.py next_command: git commit",
        ],
        "renumber/test_places.py::test_what_is_printed_leads_round_a_moved_folder": [
            "renumber/ways_out.py _move: git merge {}",
            "renumber/ways_out.py _moved_here: git merge {}",
            "renumber/ways_out.py _git_mv: mkdir -p {}",
            "renumber/ways_out.py _git_mv: git mv {} {}",
            "renumber/ways_out.py _git_mv: git commit -m '{}'",
        ],
        "regenerate/test_regenerate.py::test_sqlite_recreate": [
            "regenerate/run.py _AGAIN: drizzle-guard regenerate",
            "renumber/ways_out.py lines_for: drizzle-guard regenerate",
        ],
        "house/test_typed_commands.py::test_rules_are_explained": [
            "rules/catalog.py find_rule: drizzle-guard explain",
        ],
        "check/test_advice.py::test_line_ends_are_mended_as_it_says": [
            "rules/files.py sql_bytes: git add {}",
            "rules/files.py sql_bytes: sed -i 's/\\r$//' {}",
        ],
        "check/test_advice.py::test_an_edited_one_is_taken_back_whatever_its_name": [
            "rules/mainline.py published_changed: git checkout {}",
        ],
        "house/test_typed_commands.py::test_what_git_does_not_have_is_added": [
            "rules/tracked.py not_in_git: git add -f -- {}",
        ],
        "house/test_typed_commands.py::test_a_url_in_the_place_of_a_folder": [
            "database/whereabouts.py find_folder: drizzle-guard status --url URL",
        ],
        "database/test_whereabouts.py::test_gates_become_green": [
            "database/past.py command: git checkout {} -- {}",
        ],
        "database/test_typed_advice.py::test_a_skipped_one_is_applied": [
            "database/cures.py cure_of: drizzle-guard apply {}",
            "database/one_run.py _unknown: drizzle-guard status",
        ],
        "database/test_typed_advice.py::test_nothing_to_resume": [
            "database/one_run.py _resume_at: drizzle-guard apply {}",
        ],
        "database/test_typed_advice.py::test_one_that_would_hide_another": [
            "database/one_run.py _refuse_hiding: drizzle-guard apply {}",
            "database/one_run.py _refuse_hiding: npx drizzle-kit migrate",
        ],
        "database/test_typed_advice.py::test_an_earlier_one_comes_first": [
            "database/one_run.py _refuse_out_of_order: drizzle-guard apply {}",
            "database/one_run.py _refuse_out_of_order: npx drizzle-kit migrate",
        ],
        "database/test_typed_advice.py::test_a_later_one_ran_on_the_same": [
            "database/cures.py cure_of: npx drizzle-kit migrate",
            "database/cures.py of_out_of_order: npx drizzle-kit generate --custom",
            "database/cures.py recorded_only: drizzle-guard apply {} --resume-at {}",
        ],
        "database/test_typed_advice.py::test_what_is_there_in_another_form_is_for_a_person": [
            "database/cures.py of_failure: drizzle-guard status",
            "database/cures.py way_on: npx drizzle-kit migrate",
            "database/one_run.py _after_failure: drizzle-guard apply {}",
        ],
        "database/test_typed_advice.py::test_part_of_it_is_there_where_it_runs_whole": [
            "database/cures.py whole_or_not_at_all: drizzle-guard apply {} --resume-at N",
        ],
        "database/test_typed_advice.py::test_a_row_under_an_old_when": [
            "database/cures.py cure_of: drizzle-guard repair --only re-stamp",
            "database/cures.py of_applied: drizzle-guard repair --only re-stamp",
        ],
        "database/test_typed_advice.py::test_one_row_for_two_of_the_same_sql": [
            "database/cures.py of_applied: drizzle-guard status",
        ],
        "database/test_typed_advice.py::test_a_row_twice_and_a_backup_that_cannot_be_written": [
            "commands/repair.py _save: drizzle-guard repair --backup FILE",
            "database/report.py _about_rows: drizzle-guard repair --only duplicates",
        ],
        "database/test_typed_advice.py::test_a_table_that_something_guards": [
            "database/perform.py _change: drizzle-guard repair",
        ],
        "database/test_typed_advice.py::test_what_push_made_is_adopted": [
            "database/cures.py cure_of: drizzle-guard repair --only adopt",
            "database/one_run.py _refuse_applied: drizzle-guard repair --only adopt",
        ],
        "database/test_typed_advice.py::test_what_pull_wrote_is_adopted": [
            "database/cures.py _PULLED: drizzle-guard repair --only adopt",
        ],
        "database/test_typed_advice.py::test_an_edited_one": [
            "database/cures.py of_applied: npx drizzle-kit generate --custom",
            "database/cures.py of_edited: drizzle-guard repair --only re-hash",
        ],
        "database/test_typed_advice.py::test_what_is_gone_is_made_again": [
            "database/cures.py of_what_is_missing: npx drizzle-kit generate --custom",
            "database/cures.py of_what_is_missing: npx drizzle-kit migrate",
        ],
        "database/test_typed_advice.py::test_what_is_half_there_under_an_old_when": [
            "database/cures.py of_what_is_missing: drizzle-guard repair --only re-stamp",
        ],
        "database/test_typed_advice.py::test_an_entry_without_a_when": [
            "database/cures.py cure_of: drizzle-guard check",
            "database/one_run.py plan_run: drizzle-guard check",
        ],
        "database/test_typed_elsewhere.py::test_a_sequence_behind_and_an_id_without_one": [
            "database/one_run.py plan_run: drizzle-guard repair --only sequence",
            "database/one_run.py plan_run: drizzle-guard status",
            "database/report.py _about_the_next: drizzle-guard repair --only sequence",
        ],
        "database/test_typed_elsewhere.py::test_concurrently_is_run_by_hand": [
            "database/one_run.py _after_failure: drizzle-guard repair --only adopt",
        ],
        "database/test_typed_elsewhere.py::test_what_fails_only_at_the_commit": [
            "database/perform.py perform: drizzle-guard status",
        ],
        "database/test_typed_elsewhere.py::test_another_ledger_beside": [
            "commands/on_database.py refuse_what_is_not_ours: npx drizzle-kit migrate",
        ],
        "database/test_typed_elsewhere.py::test_what_mysql_kept": [
            "database/cures.py cure_of: drizzle-guard apply {} --resume",
            "database/one_run.py _refuse_half: drizzle-guard apply {} --resume",
            "database/one_run.py _resume_at: drizzle-guard apply {} --resume-at N",
            "database/perform.py _failed: drizzle-guard apply {} --resume",
        ],
        "database/test_typed_elsewhere.py::test_environments_side_by_side": [
            "database/environments.py _deploy: drizzle-guard rehearse",
            "database/environments.py across_text: drizzle-guard status --env {}",
            "database/text.py unsure: drizzle-guard rehearse",
        ],
        "database/test_typed_elsewhere.py::test_v1_adopts_under_its_name": [
            "database/cures.py cure_of: npx drizzle-kit up",
        ],
        "rehearse/test_typed_rehearsals.py::test_one_that_never_runs_is_renumbered": [
            "rehearse/report.py _outcome_lines: drizzle-guard check",
        ],
        "rehearse/test_typed_rehearsals.py::test_a_file_that_is_missing_comes_back": [
            "rehearse/against.py _step: drizzle-guard check",
            "rehearse/states.py _step: drizzle-guard check",
        ],
        "database/test_typed_elsewhere.py::test_two_of_one_second_are_told_apart": [
            "database/to_v1.py _cure: drizzle-guard repair --only re-hash",
        ],
        "house/test_typed_install.py::test_hooks_of_the_whole_machine": [
            "commands/install.py _offer_theirs: drizzle-guard install",
            "commands/install.py _offer_theirs: drizzle-guard install --global-hooks",
            "commands/install.py _offer_theirs: git config --local core.hooksPath .git/hooks",
            "install/check.py _step: git config --local core.hooksPath .git/hooks",
        ],
        "house/test_typed_install.py::test_the_first_folder_comes_later": [
            "commands/install.py _tell_of_folders: drizzle-guard install",
        ],
        "house/test_typed_install.py::test_the_program_of_shared_hooks": [
            "install/check.py _program: drizzle-guard install",
        ],
        "house/test_typed_install.py::test_a_hook_arms_its_clone": [
            "install/arm_from_hook.py arm_in_hook: drizzle-guard install",
            "install/arm_from_hook.py arm_in_hook: drizzle-guard uninstall",
            "install/arm_from_hook.py arm_in_hook: git config {} false",
        ],
        "house/test_typed_install.py::test_what_drizzle_kit_is_to_make_instead": [
            "protect/message.py _INSTEAD: npx drizzle-kit generate",
            "protect/message.py _INSTEAD: npx drizzle-kit generate --custom",
        ],
        "house/test_typed_install.py::test_a_server_to_rehearse_on": [
            "packaged.py to_add_a_server: pip install 'drizzle-guard[rehearse]'",
        ],
        "database/test_status.py::test_a_missing_driver_is_named": [
            "packaged.py to_add: pip install 'drizzle-guard[{}]'",
        ],
        "install/test_managers.py::test_a_hook_of_the_teams_is_never_touched": [
            "install/check.py _step: drizzle-guard install --yes",
            "install/managers.py advice: npx husky",
        ],
        "install/test_managers.py::test_the_printed_lines_make_merges_end_well": [
            "install/managers.py _lefthook_advice: npx lefthook install",
        ],
        "install/test_managers.py::test_uninstall_says_what_would_arm_again": [
            "commands/uninstall.py command: git config {} false",
        ],
        "protect/test_protect.py::test_says_what_drizzle_kit_drop_does": [
            "protect/message.py _bring_back: git checkout {} -- {}",
            "protect/message.py _bring_back: git show {}",
        ],
        "protect/test_protect.py::test_amend_is_told_how_to_go_on": [
            "protect/message.py _instead: git add -- {}",
            "protect/message.py _instead: git commit",
            "protect/message.py _instead: git reset --soft HEAD^",
        ],
        "protect/test_protect.py::test_without_a_mainline_nothing_is_renumbered": [
            "protect/message.py _instead: git config {} {}",
        ],
        "protect/test_protect.py::test_a_number_without_its_snapshot": [
            "protect/message.py _instead: drizzle-guard renumber",
        ],
        "protect/test_protect.py::test_a_mainline_that_has_not_been_fetched_yet": [
            "protect/judge.py _left: git fetch",
        ],
        "renumber/test_generated_too_early.py::test_in_a_rebase": [
            "commands/renumber.py command: git commit",
        ],
        "renumber/test_generated_too_early.py::test_with_the_real_drizzle_kit": [
            "renumber/generated.py explain: drizzle-guard renumber",
            "renumber/generated.py explain: npx drizzle-kit generate",
        ],
    }.items()
    for command in typed
}


def left_untyped(test: str, *, has_sets: bool) -> list[str]:
    """The commands that a test (`folder/file.py::name`) has to type, and has not.

    One that has several sets of parameters types what it was told with the present one.
    """
    named = [sentence for command, where in TYPED.items() if where == test for sentence in commands().get(command, ())]
    done = {str(command) for command in named if was_typed(command)}
    return sorted({str(c) for c in named if str(c) not in done and (not has_sets or was_told(c))})
