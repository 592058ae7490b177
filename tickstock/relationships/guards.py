"""What looks like an accident is refused; ``--force`` goes on. What looks odd is a warning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from tickstock.relationships.plan import GroupPlan, Options, StoredGroup
from tickstock.relationships.staging import StagedFile

LOSS_SHARE, LOSS_ROWS = 0.20, 5
REMOVED_GROUPS_SHARE = 0.20
SUM_REFUSED = (Decimal(80), Decimal(120))
SUM_ODD = (Decimal(95), Decimal(105))
WEIGHT_MAX = Decimal(100)


def refusals(
    options: Options,
    groups: tuple[GroupPlan, ...],
    files: Mapping[str, StagedFile],
    stored: Mapping[str, StoredGroup],
) -> Iterator[tuple[str, str]]:
    """Yield (group, what was found) for every guard that the plan trips. '' is the type as a whole."""
    for group in groups:
        file, before = files.get(group.name), stored.get(group.name)
        unseen = before is None or file is None or before.last_checksum != file.checksum
        if options.type == "SECTOR":
            continue  # its rows are no file's: a stock moves to another sector, or is a member of nothing any more
        if file and (unseen or group.changes):
            yield from ((group.name, found) for found in _file_refusals(file, before if group.read else None))
        if group.action != "removed" and group.lost > max(LOSS_ROWS, LOSS_SHARE * group.stored):
            yield group.name, (
                f"{group.name} would lose {group.lost:,} of {group.stored:,} members to no other group "
                f"({group.lost / group.stored:.0%}; more than {LOSS_SHARE:.0%} looks like a partial file)"
            )
    gone = [group.name for group in groups if group.action == "removed"]
    if len(gone) > REMOVED_GROUPS_SHARE * len(stored):
        yield "", (
            f"{len(gone)} of {len(stored)} {options.type} groups have no file and would be removed "
            f"({', '.join(gone[:5])}{', …' if len(gone) > 5 else ''}; more than {REMOVED_GROUPS_SHARE:.0%} "
            "looks like a wrong folder); --mode incremental leaves them"
        )


def _file_refusals(file: StagedFile, before: StoredGroup | None) -> Iterator[str]:
    low, high = SUM_REFUSED
    if not file.members:
        yield f"{file.name}: {file.path.name} holds no members at all"
    elif file.weighted and not low <= file.weight_sum <= high:
        yield (
            f"{file.name}: the weights of {file.path.name} sum to {file.weight_sum:.2f} %, "
            f"expected {low} to {high}"
        )
    if file.weight_max > WEIGHT_MAX:
        yield f"{file.name}: a single weight of {file.weight_max:.2f} %, expected at most {WEIGHT_MAX}"
    if before and before.weighted and file.members and not file.weighted:
        yield (
            f"{file.name}: {file.path.name} has no weights, and {before.weighted:,} stored weights "
            "would become empty"
        )


def declassified(unclassified: Mapping[str, int], groups: tuple[GroupPlan, ...]) -> Iterator[tuple[str, str]]:
    """Yield (sector, what was found) where much would become unknown (``unclassified``: stocks by sector)."""
    for group in groups:
        count = unclassified.get(group.name, 0)
        if count > max(LOSS_ROWS, LOSS_SHARE * group.stored):
            yield group.name, (
                f"{group.name}: {count:,} of {group.stored:,} stocks would become unknown "
                f"({count / group.stored:.0%}; more than {LOSS_SHARE:.0%} looks like a classification, or a sector "
                "SPDR, that is cut off)"
            )


def warnings(
    options: Options,
    files: Mapping[str, StagedFile],
    groups: tuple[GroupPlan, ...],
    stored: Mapping[str, StoredGroup],
) -> Iterator[str]:
    """Yield a sentence for everything odd that does not stop a load."""
    if not isinstance(options.force, bool) and (
        unknown := options.force - {group.name.casefold() for group in groups}
    ):
        yield f"--force names no {options.type} group: {', '.join(sorted(unknown))}"
    (refused_low, refused_high), (low, high) = SUM_REFUSED, SUM_ODD
    for name, file in sorted(files.items()):
        for warning in file.warnings:
            yield f"{name}: {warning}"
        if file.weighted and not low <= file.weight_sum <= high and refused_low <= file.weight_sum <= refused_high:
            rest = "; cash or another fund may be the rest" if file.weight_sum < low else ", expected about 100"
            yield f"{name}: the weights sum to {file.weight_sum:.2f} %{rest}"
    if options.type != "SECTOR":
        yield from _from_elsewhere(files, stored)
    orphans = [group.name for group in groups if group.orphan and group.action == "kept"]
    if orphans:
        listed = f"{', '.join(orphans[:5])}{', …' if len(orphans) > 5 else ''}"
        yield f"{len(orphans)} stored group(s) without a file stay as they are: {listed}"
    for group in groups:
        if group.read and not group.left and options.type != "SECTOR":
            yield f"{group.name}: no member is left; its rows were deleted by hand, --mode full brings them back"
        if group.missing:
            yield f"{group.name}: {group.missing} rows are gone from the file and stay (--keep-missing)"


def _from_elsewhere(files: Mapping[str, StagedFile], stored: Mapping[str, StoredGroup]) -> Iterator[str]:
    """Another folder than the last time may be a forgotten option: the sample over the real files, say."""
    moved: dict[tuple[Path, Path], list[str]] = {}
    for name, file in sorted(files.items()):
        before = stored[name].last_path if name in stored else None
        if before and Path(before).parent != file.path.parent:
            moved.setdefault((Path(before).parent, file.path.parent), []).append(name)
    for (before_folder, folder), names in moved.items():
        listed = f"{', '.join(names[:5])}{', …' if len(names) > 5 else ''}"
        yield f"{len(names)} group(s) came from {before_folder} the last time, now from {folder}: {listed}"
