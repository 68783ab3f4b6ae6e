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
    r"|(?<!git add) (?:and|then|finishes|lists|shows|says|can|do|if|in|it|on|is|undoes|what|would|offers|writes|adds)\b"
)

_QUOTED = re.compile(r"`[^`\n]*`")

#: parts of the package that print no next step: the shell lines of hooks and drivers, and the demonstration's screen
_NO_MESSAGES = ("install/shell_lines.py", "demo/", "commands/demo.py", "sql/")

#: where the tool's own name stands and no command: who made a database, asks a server, or heads an annotation
_TITLES = ("title", "application_name", "program_name", "MARK")

#: what a person puts in, as in `drizzle-guard apply --resume-at N`, or in "git add it"
_PLACEHOLDER = re.compile(r"\b(?:FILE|N|URL|NAME)\b|<\w+>|(?<=git add )(?:it|what you mended)\b")


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
            elif isinstance(child, ast.Tuple):
                yield from of_lines(child, inside, sentence)
            else:
                first = _text_of(child.args[0]) if isinstance(child, ast.Call) and child.args else None
                yield from walk(child, inside, sentence if first is None else first)

    def of_lines(node: ast.Tuple, inside: str, sentence: str) -> Iterator[Command]:
        """A command that has a line of its own belongs to the sentence above it."""
        for line in node.elts:
            yield from walk(ast.Tuple([line], ast.Load()), inside, sentence)
            text = _text_of(line)
            if text is not None and not text.startswith(tuple(commands_in(text))):
                sentence = text

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
        return "".join(
            _text_of(part.value if isinstance(part, ast.FormattedValue) else part) or "{}" for part in node.values
        )
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "shlex.join" and isinstance(node.args[0], ast.List):
        return " ".join(_text_of(word) or "{}" for word in node.args[0].elts)
    return None


def commands_in(text: str) -> Iterator[str]:
    """The commands that a text names, in order; between backticks it is prose."""
    at, text = 0, _QUOTED.sub(lambda found: "`" * len(found[0]), text)
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
    typed = re.compile("\\S+".join(map(_pattern, _PLACEHOLDER.split(command.words))))
    sentence, told, text = re.compile(_within(command.sentence)), re.compile(_within(command.words)), ""
    for event in _events:
        line = event.typed.strip()
        if typed.fullmatch(line) and told.search(text) and sentence.search(text) and (asks or line in text):
            return True
        text += event.said
    return False


def _pattern(template: str) -> str:
    """What matches a text of the code, whatever it fills in."""
    end = r"(?!\S)" if template.endswith(" -") else ""  # that is no option
    return re.escape(template).replace(re.escape("{}"), r"[\s\S]*?").replace("\\\n", "\n *") + end


def _within(template: str) -> str:
    """What finds it in a longer text; what is filled in at its ends is no part: that would be sought everywhere."""
    return _pattern(re.sub(r"^(?:\{\})+|(?:\{\})+$", "", template))


#: which test types a command
TYPED = {
    command: test
    for test, typed in {
        "heal/test_bad_merges.py::test_what_went_as_planned_is_finished_whatever_was_wrong_on_a_side": [
            "heal/cure.py fix_of_left: drizzle-guard check --fix",
        ],
        "renumber/test_typed_merges.py::test_whether_a_database_skipped_one_is_asked_of_it": [
            "rules/entries.py WHEN_NOT_RISING: drizzle-guard status --url URL",
        ],
        "renumber/test_typed_merges.py::test_a_chain_that_v1_would_stop_at_is_mended": [
            "rules/for_v1.py _chain: drizzle-guard check --fix",
        ],
        "renumber/test_typed_merges.py::test_what_is_wrong_in_a_merge_that_was_committed": [
            "renumber/ways_out.py lines_for: drizzle-guard check",
        ],
        "house/test_hostile.py::test_object_is_missing": [
            "git/repository.py blob: git fetch --refetch",
        ],
        "regenerate/test_regenerate.py::test_the_config_is_named_as_it_says": [
            "regenerate/kit.py find_kit: drizzle-guard regenerate --config FILE",
            "regenerate/kit.py _choose: drizzle-guard regenerate --config FILE",
        ],
        "pulls/test_pulls.py::test_the_owner_of_a_fork_merges_the_base_by_its_address": [
            "pulls/words.py commands: git fetch {} {}",
            "pulls/words.py commands: git merge FETCH_HEAD",
        ],
        "pulls/test_pulls.py::test_a_refusal_is_said_in_one_comment_that_is_kept_up_to_date": [
            "pulls/words.py commands: git fetch origin",
            "pulls/words.py commands: git switch {}",
            "pulls/words.py commands: git merge {}",
            "pulls/words.py commands: git push",
        ],
        "renumber/test_typed_merges.py::test_a_snapshot_that_no_commit_has": [
            "renumber/earlier_merge.py _refuse_lost_snapshots: drizzle-guard regenerate",
        ],
        "renumber/test_typed_merges.py::test_what_ran_under_its_old_number_is_repaired": [
            "renumber/finish_merge.py RAN_ALREADY: drizzle-guard repair --url URL",
        ],
        "renumber/test_typed_merges.py::test_where_wrangler_runs_the_files_a_new_name_runs_again": [
            "renumber/finish_merge.py ran_already: drizzle-guard status --url URL",
        ],
        "renumber/test_typed_merges.py::test_generated_in_a_stopped_merge": [
            "renumber/generated.py explain: drizzle-guard renumber",
            "renumber/generated.py explain: npx drizzle-kit generate",
        ],
        "renumber/test_typed_merges.py::test_a_file_in_the_way_at_the_end_of_a_rebase": [
            "renumber/finish_rebase.py _move_worktree: drizzle-guard renumber",
        ],
        "renumber/test_typed_merges.py::test_a_side_that_cannot_be_read_is_mended_there": [
            "renumber/meeting.py _side: drizzle-guard check",
        ],
        "renumber/test_anyway.py::test_in_a_stopped_merge": [
            "renumber/ways_out.py lines_for: drizzle-guard renumber --anyway",
            "renumber/ways_out.py lines_for: drizzle-guard rehearse",
        ],
        "renumber/test_typed_merges.py::test_a_foretold_refusal_is_drawn": [
            "renumber/decision.py foretell_refusal: drizzle-guard graph",
        ],
        "renumber/test_typed_merges.py::test_settings_that_cannot_be_read_stop_a_merge": [
            "renumber/driver.py main: drizzle-guard renumber",
        ],
        "renumber/test_typed_merges.py::test_in_a_worktree_instead_of_in_objects": [
            "renumber/driver.py _journal: git merge NAME",
        ],
        "renumber/test_typed_merges.py::test_a_file_in_the_way_of_a_merge": [
            "git/worktree.py _in_the_way: git reset -q -- {} && {}",
            "git/worktree.py apply: drizzle-guard renumber",
        ],
        "renumber/test_typed_merges.py::test_a_file_that_was_changed_by_hand": [
            "renumber/finish_merge.py _refuse_half_done: drizzle-guard renumber",
            "renumber/unfinished.py settle: drizzle-guard renumber",
        ],
        "renumber/test_merge.py::test_the_strategy_ours_without_a_reflog_is_asked_about": [
            "renumber/finish_merge.py _is_strategy_ours: git reset --hard HEAD^1",
            "renumber/finish_merge.py _is_strategy_ours: git config core.logAllRefUpdates true",
        ],
        "renumber/test_merge.py::test_a_hazard_that_no_conflict_shows_is_not_committed": [
            "renumber/hook_steps.py pre_merge_commit: git merge --abort",
        ],
        "house/test_hostile.py::test_signer_fails_the_second_time": [
            "renumber/finish_merge.py _rewrite_head: git commit",
        ],
        "house/test_hostile.py::test_lock_of_another_process_in_post_merge": [
            "renumber/finish_merge.py _BY_HAND: drizzle-guard renumber",
        ],
        "renumber/test_found.py::test_apply_backend_takes_as_text_what_is_the_same_or_cannot_be_replayed": [
            "renumber/finish_rebase.py _refused: git reset --hard ORIG_HEAD",
        ],
        "renumber/test_rebase_repairs.py::test_it_is_said_where_nothing_could_stop": [
            "renumber/finish_rebase.py _refused: git merge {}",
        ],
        "renumber/test_rebase_repairs.py::test_the_next_commit_stops_and_a_merge_leads_out": [
            "renumber/rebase.py canonical_head: git rebase --abort",
            "renumber/rebase.py canonical_head: git merge {}",
        ],
        "renumber/test_rebase_repairs.py::test_a_later_commit_edits_the_snapshot_of_an_own_migration": [
            "renumber/driver.py _say_edited: git rebase --abort",
            "renumber/driver.py _say_edited: git merge {}",
        ],
        "renumber/test_places.py::test_a_rebase_that_moves_the_folder_itself_is_not_taken_for_renumbered": [
            "renumber/finish_rebase.py _refuse_moved: git reset --hard {}",
            "renumber/finish_rebase.py _refuse_moved: git merge {}",
        ],
        "renumber/test_places.py::test_the_ancestor_is_not_in_a_shallow_clone": [
            "renumber/meeting.py _ends: git fetch --unshallow",
        ],
        "install/test_armed.py::test_hooks_that_do_not_reach_us_where_git_has_stopped": [
            "renumber/hook_steps.py reference_transaction: drizzle-guard renumber",
        ],
        "install/test_armed.py::test_a_merge_that_is_half_way_is_said_by_whatever_runs_next": [
            "renumber/unfinished.py warn: drizzle-guard renumber",
        ],
        "renumber/test_switched_off.py::test_the_next_of_ours_says_it_and_its_command_heals_it": [
            "renumber/unfinished.py _warn_of_rebase: drizzle-guard renumber",
        ],
        "renumber/test_switched_off.py::test_git_stops_where_hooks_are_off_from_the_start": [
            "renumber/driver.py _journal: drizzle-guard renumber",
        ],
        "renumber/test_rebase_by_hand.py::test_commands_at_a_break": [
            "renumber/meeting.py _is_rebased: git rebase --continue",
        ],
        "renumber/test_rebase.py::test_rebase_merges_of_two_branches_with_migrations": [
            "renumber/meeting.py _is_rebased: git rebase --abort",
        ],
        "renumber/test_open_branches.py::test_remote_branches": [
            "renumber/open_branches.py open_branches: git remote -v",
        ],
        "renumber/test_picks.py::test_am_with_the_markers_added": [
            "renumber/stopped.py _refuse_staged_markers: git checkout -m -- {}",
            "renumber/stopped.py _refuse_staged_markers: drizzle-guard renumber",
        ],
        "regenerate/test_regenerate.py::test_postgres_both_change_a_column_in_a_rebase": [
            "regenerate/run.py refuse_obstacles: git add {}",
        ],
        "regenerate/test_regenerate.py::test_dry_run_shows_the_commands": [
            "commands/regenerate.py _show_commands: mkdir -p {} && git cat-file blob {} > {}",
            "commands/regenerate.py _show_commands: git restore --source={} --staged --worktree -- {}",
            "commands/regenerate.py _show_commands: git rm -q -f -- {}",
            "commands/regenerate.py _show_commands: git add -- {}",
        ],
        "regenerate/test_regenerate.py::test_a_merge_that_is_not_refused_is_left_to_renumber": [
            "regenerate/tasks.py find_tasks: drizzle-guard renumber",
        ],
        "regenerate/test_regenerate.py::test_a_published_commit_is_not_regenerated_in_a_rebase": [
            "regenerate/tasks.py _task: git rebase --abort",
        ],
        "regenerate/test_regenerate.py::test_a_failure_puts_everything_back": [
            "regenerate/run.py _generate: drizzle-guard regenerate --config FILE",
        ],
        "renumber/test_v1_folders.py::test_check_sees_the_order_and_renumber_mends_it": [
            "commands/renumber.py _rename_v1: git commit",
        ],
        "renumber/test_typed_merges.py::test_a_missing_file_is_mended_or_all_is_brought_back": [
            "renumber/ways_out.py lines_for: git add what you mended",
            "git/sides.py abort_command: git reset --merge",
            "git/sides.py abort_command: git {} --abort",
        ],
        "renumber/test_rebase_repairs.py::test_the_mainline_is_not_rebased_onto_a_branch": [
            "renumber/ways_out.py lines_for: git merge {}",
        ],
        "renumber/test_typed_merges.py::test_older_snapshots_are_brought_up_on_their_side": [
            "renumber/ways_out.py lines_for: npx drizzle-kit up",
        ],
        "renumber/test_live_v1.py::test_a_branch_whose_bundle_names_the_migrations_makes_them_again": [
            "renumber/v1.py _refuse_odd: git rm -r -q -- {}",
            "renumber/v1.py _refuse_odd: npx drizzle-kit generate",
        ],
        "renumber/test_v1_folders.py::test_renumber_refuses_what_it_cannot_move": [
            "renumber/v1.py _refuse_odd: drizzle-guard renumber",
        ],
        "renumber/test_v1_folders.py::test_what_ran_under_its_old_name_is_said_to_run_again": [
            "commands/renumber.py _rename_v1: drizzle-guard status",
        ],
        "renumber/test_v1_folders.py::test_a_folder_with_a_journal_beside_it_is_not_passed_over": [
            "commands/renumber.py _rename_v1: drizzle-guard renumber --json {}",
        ],
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
            "git/mainline.py find_mainline: git config {}",
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
            "regenerate/tasks.py _without_operation: git commit",
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
        "renumber/test_live_v1_up.py::test_what_is_printed_leads_from_one_layout_to_the_other": [
            "renumber/ways_out.py _to_v1: git switch --detach {}",
            "renumber/ways_out.py _to_v1: npx drizzle-kit@{} up",
            "renumber/ways_out.py _to_v1: git add -A {}",
            "renumber/ways_out.py _to_v1: git commit -m 'Upgrade the migrations to Drizzle v1'",
            "renumber/ways_out.py _to_v1: git merge {}",
            "renumber/ways_out.py _to_v1: git switch -",
            "renumber/ways_out.py _to_v1: git merge -",
            "renumber/ways_out.py _to_v1: drizzle-guard renumber",
        ],
        "renumber/test_places.py::test_what_is_printed_leads_round_a_moved_folder": [
            "renumber/ways_out.py _move: git merge {}",
            "renumber/ways_out.py _moved_here: git merge {}",
            "renumber/ways_out.py _git_mv: mkdir -p {}",
            "renumber/ways_out.py _git_mv: git mv {} {}",
            "renumber/ways_out.py _git_mv: git commit -m '{}'",
        ],
        "regenerate/test_regenerate.py::test_sqlite_recreate": [
            "renumber/ways_out.py lines_for: git add it",
            "regenerate/run.py _AGAIN: drizzle-guard regenerate",
            "renumber/ways_out.py lines_for: drizzle-guard regenerate",
        ],
        "check/test_unasked_rules.py::test_without_a_mainline_and_without_git": [
            "check/targets.py _NO_MAINLINE: drizzle-guard check --onto NAME",
        ],
        "renumber/test_graph.py::test_where_the_mainline_was_merged_badly_no_merge_is_spoken_of": [
            "renumber/one_branch_text.py refused: drizzle-guard check",
        ],
        "check/test_unasked_rules.py::test_in_a_shallow_clone": [
            "check/targets.py _SHALLOW: git fetch --unshallow",
        ],
        "check/test_fix_with_kit.py::test_the_newest_snapshot_is_made_where_that_is_proved": [
            "rules/snapshots.py _MAKE_NEWEST: drizzle-guard check --fix",
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
            "database/whereabouts.py read_env_file: drizzle-guard status --url URL",
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
