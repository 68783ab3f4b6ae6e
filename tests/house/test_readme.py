"""README and docs/ list what there is, and say nothing that no test shows."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from drizzle_guard.cli import COMMANDS, GROUPS, group
from drizzle_guard.rules.catalog import RULES
from support.parts import PROJECT

pytestmark = pytest.mark.quick

README = PROJECT / "README.md"
DOCS = PROJECT / "docs"

SHOWN_BY: dict[str, dict[str, str]] = {
    "merge, pull": {
        "merge": "test_options test_pull test_the_mainline_checked_out test_author_and_dates_stay",
        "live_merge": "test_merge",
    },
    "merge that also stops over another file": {
        "merge": "test_stopped_elsewhere test_stopped_elsewhere_and_renumbered_first test_aborted_and_repeated",
        "live_merge": "test_schema_conflicts_too",
    },
    "merge `--no-commit`, `--squash`": {
        "merge": "test_no_commit test_no_commit_and_renumber test_squash test_squash_into_main",
        "live_operations": "test_merge_squash",
    },
    "merge `--ff-only`, fast-forward": {
        "merge": "test_fast_forward test_fast_forward_onto_a_merge_of_somebody"
        " test_pull_fast_forward_onto_a_merge_of_somebody",
    },
    "merge `-X ours`, `-X theirs`": {"picks": "test_strategy_option_is_not_worse_than_git"},
    "merge `-s ours`": {"merge": "test_the_strategy_ours_keeps_only_ours"},
    "merge `-s resolve`": {"merge": "test_the_strategy_resolve"},
    "octopus merge": {"merge": "test_octopus test_octopus_without_collision"},
    "criss-cross merge, merged twice, moved twice": {
        "merge": "test_criss_cross test_main_is_merged_twice test_a_branch_is_merged_twice"
        " test_a_feature_goes_on_after_its_merge",
        "picks": "test_a_branch_that_merged_main_earlier_goes_on",
        "live_operations": "test_criss_cross test_main_is_merged_twice_and_the_branch_goes_on",
    },
    "rebase, both backends, `pull --rebase`, `--onto`, `--autostash`, `updateRefs`": {
        "rebase": "test_each_commit_is_canonical test_pull_rebase test_onto test_autostash test_update_refs",
        "live_operations": "test_rebase",
    },
    "interactive rebase: squash, fixup, drop, edit, reorder": {
        "rebase": "test_interactive_squash test_interactive_fixup_into_one test_interactive_drop"
        " test_interactive_edit test_interactive_reorder",
        "live_operations": "test_rebase_squashed test_rebase_reordered",
    },
    "rebase that stops over another file": {"rebase": "test_conflict_in_another_file"},
    "`git rebase --rebase-merges`": {
        "rebase": "test_rebase_merges test_rebase_merges_of_two_branches_with_migrations",
    },
    "cherry-pick of one commit": {"picks": "test_cherry_pick_one", "live_operations": "test_cherry_pick"},
    "cherry-pick of a range": {"picks": "test_cherry_pick_range", "live_operations": "test_cherry_pick_range"},
    "revert of the newest migration, of a merge": {
        "picks": "test_revert_the_newest_migration_and_back test_revert_of_a_merge",
        "live_operations": "test_revert_of_the_newest_migration test_revert_of_a_merge",
    },
    "stash pop, stash apply, also of untracked files": {
        "picks": "test_stash_pop",
        "places": "test_stash test_stash_of_what_is_not_tracked",
        "live_operations": "test_stash_pop",
    },
    "`git am -3`": {"picks": "test_am_three_way test_am_of_several_patches", "live_operations": "test_am"},
    "a badly resolved merge, later": {
        "merge": "test_a_badly_resolved_merge_is_mended test_commit_without_hooks_is_repaired_later",
    },
    "stacked branches, the lower one squashed into main": {
        "picks": "test_stacked_branch_after_its_base_was_squashed",
        "live_operations": "test_stacked_branch_after_squash",
    },
    "a branch that merged a migration which main reverted": {
        "merge": "test_the_mainline_reverts_what_a_branch_has_merged",
        "live_operations": "test_the_mainline_reverts_its_newest_migration",
    },
    "two release branches": {
        "merge": "test_branch_into_branch",
        "places": "test_release_branches test_release_branches_on_a_mainline_that_has_both",
    },
    "several migration folders": {
        "merge": "test_two_journals test_two_journals_one_refused",
        "places": "test_two_journals_rebased test_two_journals_picked",
    },
    "detached HEAD, no remote, mainline of another name": {
        "merge": "test_detached_head",
        "places": "test_rebase_of_a_detached_head test_no_remote_and_another_name test_the_mainline_has_another_name",
    },
    "linked worktree, submodule": {
        "merge": "test_linked_worktree test_linked_worktree_stopped_elsewhere",
        "places": "test_rebase_in_a_linked_worktree test_in_a_submodule test_the_folder_is_a_submodule"
        " test_the_pointer_of_a_submodule_is_left_to_git test_the_folder_became_a_submodule",
    },
    "sparse checkout": {
        "places": "test_outside_the_cone test_outside_the_cone_rebased test_outside_the_cone_by_hand"
        " test_outside_the_cone_gits_apply_backend_cannot_rebase test_inside_the_cone",
    },
    "shallow clone": {
        "places": "test_the_ancestor_is_not_in_a_shallow_clone test_a_shallow_clone_that_has_the_ancestor"
        " test_a_shallow_clone_rebased test_a_shallow_clone_picks",
    },
    "partial clone, split or sparse index, file monitor": {
        "places": "test_a_partial_clone test_kinds_of_index",
    },
    "bare repository, `git merge-tree`, `git replay`": {
        "places": "test_merge_tree_in_a_bare_repository test_merge_tree_in_a_worktree test_replay",
    },
}
"""The first cell of each row, and the tests (modules of `tests/renumber` without `test_`) that show it."""


def rows() -> list[str]:
    """The first cells of the table in docs/operations.md."""
    _, _, table = (DOCS / "operations.md").read_text("utf-8").partition("| operation | you type | you get |\n")
    return [line.split("|")[1].strip() for line in table.partition("\n\n")[0].splitlines()[1:]]


@cache
def names_in(module: str) -> set[str]:
    tree = ast.parse((PROJECT / "tests" / "renumber" / f"test_{module}.py").read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_each_row_has_its_tests() -> None:
    assert rows() == list(SHOWN_BY)


@pytest.mark.parametrize("row", SHOWN_BY)
def test_the_tests_are_there(row: str) -> None:
    named = [(module, name) for module, names in SHOWN_BY[row].items() for name in names.split()]
    assert named
    assert [pair for pair in named if pair[1] not in names_in(pair[0]) or not pair[1].startswith("test_")] == []


def test_the_readme_names_every_command() -> None:
    text = README.read_text("utf-8")
    assert [name for name in COMMANDS if f"drizzle-guard {name}" not in text] == []


def test_help_shows_the_commands_in_groups() -> None:
    shown = CliRunner().invoke(group, ["--help"]).output
    places = [shown.index(f"\n{word}\n") for word in ("Merging:", "Looking:", "Database:", "Setting up:")]
    assert places == sorted(places)
    assert [name for names in GROUPS.values() for name in names] == re.findall(r"^  ([a-z]+) +[A-Z]", shown, re.M)


def test_the_readme_names_every_hook_of_pre_commit() -> None:
    readme, manifest = (
        re.findall(r"^ *- id: (\S+)", (PROJECT / name).read_text("utf-8"), re.MULTILINE)
        for name in ("README.md", ".pre-commit-hooks.yaml")
    )
    assert readme == manifest


def test_the_docs_list_every_rule() -> None:
    table = re.findall(r"^\| (DG\d+) \| `(\S+)` \| (.*) \|$", (DOCS / "rules.md").read_text("utf-8"), re.MULTILINE)
    advice = {code for code, rule in RULES.items() if rule.severity == "warning"}
    assert [(code, name) for code, name, _ in table] == [(rule.code, rule.name) for rule in RULES.values()]
    assert {code for code, _, text in table if "(advice)" in text} == advice


PAGES = [README, *sorted(DOCS.glob("*.md")), *sorted(PROJECT.glob("C*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    """Links to files of the project, and to headings of those that are Markdown."""
    wrong = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if "://" in target:
            continue
        name, _, heading = target.partition("#")
        file = page.parent / name if name else page
        if not file.exists() or (heading and heading not in headings(file)):
            wrong.append(target)
    assert wrong == []


def headings(page: Path) -> set[str]:
    """The names that GitHub gives the headings of a page."""
    found = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}
