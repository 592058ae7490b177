"""What loads, hands, undos and restores come to, in plain dictionaries: the stored rows, and what is believed of each
day.

A cell is a day and a symbol of a group; it has a weight (None: no member) and the run that said so last.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import date, timedelta

Rows = dict[str, int]
Row = tuple[int, bool]  # weight; whether the file owns it
Cell = tuple[int | None, int]
Believed = dict[tuple[int, date], Rows]  # of a group on a day, where it had members

FRIDAYS = [date(2025, 1, 3) + timedelta(days=7 * week) for week in range(4)]
UNDATED = timedelta(days=31)


@dataclass
class Group:
    """A fund as it is stored under one id, now or once."""

    name: str
    days: list[date]
    rows: dict[str, Row] = field(default_factory=dict)
    cells: dict[tuple[date, str], Cell] = field(default_factory=dict)
    stored: bool = True
    never: bool = False  # an undo took back that it was ever there

    def tell(self, symbol: str, weight: int | None, run: int, first: date, until: date | None = None) -> None:
        for day in self.days:
            if first <= day and (until is None or day < until):
                self.cells[day, symbol] = (weight, run)

    def believed(self, day: date) -> Rows:
        return {symbol: weight for (each, symbol), (weight, _) in self.cells.items() if each == day and weight}


@dataclass
class Touch:
    """What a run did to a group. ``file``: present, past or undo where it is on record as a file's."""

    before: dict[str, Row | None]
    after: dict[str, Row | None]
    was_stored: bool
    is_stored: bool
    first: date
    cells: dict[tuple[date, str], Cell]  # before it
    left_cells: dict[tuple[date, str], Cell] = field(default_factory=dict)
    file: str = ""
    as_of: date | None = None
    content: Rows = field(default_factory=dict)
    left: Rows = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    undone_by: int | None = None
    told: set[date] = field(default_factory=set)  # days of the past

    @property
    def changed(self) -> bool:
        return bool(self.before) or self.cells != self.left_cells or self.was_stored != self.is_stored


@dataclass
class Run:
    kind: str
    groups: dict[int, Touch] = field(default_factory=dict)
    undoes: int | None = None


class History:
    """Groups and runs by their ids in the database, runs in the order of their commits.

    Of ``days`` it knows what is believed.
    """

    def __init__(self, today: date) -> None:
        self.today = today
        self.days = sorted([*FRIDAYS, *(day + timedelta(3) for day in FRIDAYS), today - timedelta(1), today])
        self.groups: dict[int, Group] = {}
        self.runs: dict[int, Run] = {}

    def believed(self) -> Believed:
        """What is believed of every day now."""
        found = {(id_, day): group.believed(day) for id_, group in self.groups.items() for day in self.days}
        return {place: rows for place, rows in found.items() if rows}

    def id_of(self, name: str) -> int | None:
        return next((id_ for id_, group in self.groups.items() if group.stored and group.name == name), None)

    def last_file(self, id_: int) -> Touch | None:
        found = [run.groups[id_] for run in self.runs.values() if id_ in run.groups]
        return next((t for t in reversed(found) if t.file == "present" and t.undone_by is None), None)

    def is_hands(self, id_: int, symbol: str) -> bool:
        last, row = self.last_file(id_), self.groups[id_].rows.get(symbol)
        left = last.left if last else {}
        moved = (symbol in left) != (row is not None) or (row is not None and left[symbol] != row[0])
        if row and symbol not in left and self._is_of_a_load_since(id_, symbol, row[0], last):
            moved = False
        return moved or bool(last and symbol in last.kept) or (row is not None and not row[1])

    def _is_of_a_load_since(self, id_: int, symbol: str, weight: int, last: Touch | None) -> bool:
        """Whether an undone load put the row there as it is, and undos brought it back."""
        for run in reversed(self.runs.values()):
            touch = run.groups.get(id_)
            if touch and touch is last:
                return False
            if touch and run.kind == "load" and (touch.after.get(symbol) or (None,))[0] == weight:
                return True
        return False

    # What the steps do

    def load(self, run: int, files: dict[str, tuple[Rows, date | None]], mode: str, new_ids: dict[str, int]) -> None:
        touches: dict[int, Touch] = {}
        if mode == "full":
            for id_, group in self.groups.items():
                if group.stored and group.name not in files:
                    touches[id_] = self._remove(id_, run)
        for name, (rows, day) in files.items():
            stored = self.id_of(name)
            id_ = new_ids[name] if stored is None else stored
            self.groups.setdefault(id_, Group(name, self.days, stored=False))
            if self._is_older(id_, day):
                assert day
                on_record = self._is_on_record(id_, rows, day)
                touch = self._correct(id_, rows, day, run)
                if touch.told or not on_record:
                    touches[id_] = touch
            else:
                touches[id_] = self._make_present(id_, rows, day, run, mode.endswith("incremental"))
        self._record(run, Run("load", touches))

    def hand(self, run: int, id_: int, symbol: str, row: Row | None) -> None:
        touch = self._touch(id_, self.today)
        self._put(id_, symbol, row, touch)
        self.groups[id_].tell(symbol, row[0] if row else None, run, self.today)
        self._record(run, Run("hand", {id_: touch}))

    def delete_group(self, run: int, id_: int) -> None:
        self._record(run, Run("hand", {id_: self._remove(id_, run)}))

    def undo(self, run: int, target: int) -> None:
        """Do what :meth:`plan_undo` says."""
        touches = {}
        for id_, old in self.runs[target].groups.items():
            if not (old.changed or old.file) or self._holds_again(target, id_, holds=False):
                continue
            group = self.groups[id_]
            touch = self._touch(id_, old.first)
            reverted = self._reverted(id_, old)
            comes_back = old.was_stored and not old.is_stored and not group.stored and not self._name_taken(group.name)
            created = not old.was_stored and old.is_stored
            goes = group.stored and created and not (set(group.rows) - set(reverted))
            if self._stays_gone(id_, old):
                continue
            group.stored = (group.stored or comes_back) and not goes
            group.never = (group.never or (goes and self._created(target, id_))) and not comes_back
            for symbol in old.before:
                if symbol in reverted:
                    self._put(id_, symbol, old.before[symbol], touch)
                    for day in self.days:
                        if day >= old.first:
                            group.cells[day, symbol] = old.cells.get((day, symbol), (None, 0))
            for cell, told in list(group.cells.items()):
                if told == old.left_cells.get(cell) and told != old.cells.get(cell):
                    group.cells[cell] = old.cells.get(cell, (None, 0))
                    touch.told.add(cell[0])
            if old.file == "past" and old.undone_by is None:
                self._go_on(id_, target, run, touch)
            touch.is_stored, touch.file = group.stored, "undo"
            touches[id_] = touch
            old.undone_by = run
            self._settle_undone(id_, target)
        self._record(run, Run("undo", touches, undoes=target))

    def restore(self, run: int, backup: History) -> None:
        """Be what it was at the backup. Only the restore itself is new."""
        self.groups, self.runs = copy.deepcopy((backup.groups, backup.runs))
        self.runs[run] = Run("restore")

    def plan_undo(self, target: int) -> str:
        """``no undo`` (of a restore), ``refused``, ``nothing`` (nothing that is stored, that is) or ``undone``."""
        if self.runs[target].kind == "restore":
            return "no undo"
        something = False
        for id_, old in self.runs[target].groups.items():
            if self._holds_again(target, id_, holds=False):
                continue  # it is taken back
            group = self.groups[id_]
            changes = bool(self._reverted(id_, old))
            if old.was_stored and not old.is_stored:
                changes = changes or (not group.stored and not self._name_taken(group.name))
            if not old.was_stored and old.is_stored:
                changes = changes or (group.stored and not group.rows)
            if (changes and old.file and self._later(target, id_)) or self._told_since(target, id_):
                return "refused"
            if not self._stays_gone(id_, old) and self._holds_again(target, id_):
                return "refused"
            tells = old.file == "past" and old.undone_by is None and old.changed and not self._stays_gone(id_, old)
            something = something or changes or tells
        return "undone" if something else "nothing"

    def may_refuse(self, target: int) -> bool:
        """Whether a later file of the past, or the undo of one, may stand on more than the model knows of what the run
        told.
        """
        order = list(self.runs)
        later = order[order.index(target) + 1 :]
        return any(self._is_of_past(number, id_) for number in later for id_ in self.runs[target].groups)

    def _is_of_past(self, number: int, id_: int) -> bool:
        run = self.runs[number]
        touch = run.groups.get(id_)
        while touch and touch.undone_by is None and touch.file == "undo" and run.undoes:
            run = self.runs[run.undoes]
            if run.groups[id_].file == "past":
                return True
        return bool(touch and touch.undone_by is None and touch.file == "past")

    # How they do it

    def _record(self, number: int, run: Run) -> None:
        for id_, touch in run.groups.items():
            touch.left_cells = copy.copy(self.groups[id_].cells)
        self.runs[number] = run

    def _created(self, target: int, id_: int) -> bool:
        """Whether a run, or the one that it takes back or brings back, made the group."""
        while (undone := self.runs[target].undoes) is not None:
            target = undone
        return not self.runs[target].groups[id_].was_stored

    def _go_on(self, id_: int, target: int, run: int, touch: Touch) -> None:
        """Where a file that was read later told of the days up to an undone one, it tells of those after it too."""
        order, group, day = list(self.runs), self.groups[id_], self.runs[target].groups[id_].as_of
        files = [
            (each.as_of or self.today, order.index(number))
            for number, each in ((number, each.groups.get(id_)) for number, each in self.runs.items())
            if each and number != target and each.file in ("present", "past") and each.undone_by is None
        ]
        assert day
        last, place = max((file for file in files if file[0] <= day), default=(day, 0))
        if last == day or place < order.index(target):
            return
        until, rows = min(each for each, _ in files if each > day), group.believed(last)
        for each in self.days:
            if day <= each < until:
                for symbol in {*rows, *group.believed(each)}:
                    group.cells[each, symbol] = (rows.get(symbol), run)
                touch.told.add(each)

    def _settle_undone(self, id_: int, undone: int) -> None:
        """What an undone undo had taken back holds again; what that had taken back itself does not."""
        again = self.runs[undone].undoes
        if again is None or self.runs[again].groups[id_].undone_by != undone:
            return
        self.runs[again].groups[id_].undone_by = None
        taken = self.runs[again].undoes
        if taken is not None and self.runs[taken].groups[id_].undone_by is None:
            self.runs[taken].groups[id_].undone_by = again
            self._settle_undone(id_, taken)

    def _reverted(self, id_: int, old: Touch) -> set[str]:
        group = self.groups[id_]
        if old.file == "past":
            return set()
        comes_back = old.was_stored and not old.is_stored and not self._name_taken(group.name)
        if not group.stored and not comes_back:
            return set()
        now = group.rows
        return {
            symbol
            for symbol in old.before
            if now.get(symbol) == old.after[symbol] and now.get(symbol) != old.before[symbol]
        }

    def _stays_gone(self, id_: int, old: Touch) -> bool:
        """Whether nothing is said of a group: the run removed it, and its name is taken; or it never was there, and no
        file of the past says otherwise.
        """
        group = self.groups[id_]
        removed = old.was_stored and not old.is_stored
        if removed and not self._name_taken(group.name):
            return False
        touches = [run.groups[id_] for run in self.runs.values() if id_ in run.groups]
        told = any(touch.file == "past" and touch.undone_by is None for touch in touches)
        return not group.stored and (removed or (group.never and not told))

    def _holds_again(self, target: int, id_: int, holds: bool = True) -> bool:
        """Whether it was undone, and that too, and so on, so that it ``holds`` by another run, or not."""
        for number, run in self.runs.items():
            if run.undoes == target and id_ in run.groups:
                if not holds and run.groups[id_].undone_by is None:
                    return True
                if self._holds_again(number, id_, not holds):
                    return True
        return False

    def _told_since(self, target: int, id_: int) -> bool:
        """Whether a later file of the past is of a day that the run told of."""
        order, old = list(self.runs), self.runs[target].groups[id_]
        later = [self.runs[number].groups.get(id_) for number in order[order.index(target) + 1 :]]
        return old.undone_by is None and any(
            touch and touch.file == "past" and touch.undone_by is None and touch.as_of in old.told for touch in later
        )

    def _later(self, target: int, id_: int) -> bool:
        order = list(self.runs)
        others = [
            run.groups[id_].as_of or self.today
            for number, run in self.runs.items()
            if number != target and id_ in run.groups and run.groups[id_].file == "present"
            and run.groups[id_].undone_by is None
        ]  # fmt: skip
        for number in order[order.index(target) + 1 :]:
            run = self.runs[number]
            touch = run.groups.get(id_)
            if touch is None or touch.undone_by is not None:
                continue
            if touch.file == "present":
                return True
            newest = touch.file == "past" and all(touch.as_of and touch.as_of >= day for day in others)
            if newest and self.runs[target].groups[id_].file == "present":
                return True
            if touch.file == "undo" and run.undoes is not None and order.index(run.undoes) < order.index(target):
                return True
        return False

    def _name_taken(self, name: str) -> bool:
        return self.id_of(name) is not None

    def _is_older(self, id_: int, day: date | None) -> bool:
        last = self.last_file(id_)
        if day is None or last is None or not self.groups[id_].stored:
            return False
        return day < (last.as_of or self.today - UNDATED)

    def _is_on_record(self, id_: int, rows: Rows, day: date) -> bool:
        found = [run.groups[id_] for run in self.runs.values() if id_ in run.groups]
        return any(t.file != "undo" and (t.as_of, t.content, t.undone_by) == (day, rows, None) for t in found)

    def _snapshots(self, id_: int) -> list[date]:
        found = [run.groups[id_] for run in self.runs.values() if id_ in run.groups]
        return [t.as_of or self.today for t in found if t.file in ("present", "past") and t.undone_by is None]

    def _touch(self, id_: int, first: date) -> Touch:
        group = self.groups[id_]
        return Touch({}, {}, group.stored, group.stored, first, copy.copy(group.cells))

    def _put(self, id_: int, symbol: str, row: Row | None, touch: Touch) -> None:
        rows = self.groups[id_].rows
        touch.before[symbol], touch.after[symbol] = rows.pop(symbol, None), row
        if row:
            rows[symbol] = row

    def _remove(self, id_: int, run: int) -> Touch:
        touch, group = self._touch(id_, self.today), self.groups[id_]
        for symbol in list(group.rows):
            self._put(id_, symbol, None, touch)
        for symbol in {symbol for _, symbol in group.cells}:  # it has none from now on, whatever is taken back later
            group.tell(symbol, None, run, self.today)
        group.stored = touch.is_stored = False
        return touch

    def _correct(self, id_: int, rows: Rows, day: date, run: int) -> Touch:
        touch, group = self._touch(id_, day), self.groups[id_]
        touch.file, touch.as_of, touch.content = "past", day, rows
        until = min(each for each in self._snapshots(id_) if each > day)
        believed = group.believed(day)
        for symbol in {*rows, *believed}:
            if rows.get(symbol) != believed.get(symbol):
                group.tell(symbol, rows.get(symbol), run, day, until)
                touch.told |= {each for each in self.days if day <= each < until}
                touch.before[symbol] = touch.after[symbol] = group.rows.get(symbol)
        return touch

    def _make_present(self, id_: int, rows: Rows, day: date | None, run: int, leave_hand: bool) -> Touch:
        touch, group, first = self._touch(id_, day or self.today), self.groups[id_], day or self.today
        for symbol in sorted({*rows, *group.rows}):
            stored, wanted = group.rows.get(symbol), rows.get(symbol)
            hand = leave_hand and self.is_hands(id_, symbol)
            if stored is not None and wanted == stored[0] and (leave_hand or stored[1]):
                for each in self.days:  # its day may lie before the one since when the row is stored
                    if each >= first and group.cells.get((each, symbol), (None, 0))[0] != wanted:
                        group.cells[each, symbol] = (wanted, run)
            elif hand:
                touch.kept.add(symbol)
            else:
                self._put(id_, symbol, None if wanted is None else (wanted, True), touch)
                group.tell(symbol, wanted, run, first)
        # What others told of days from then on, of rows that are neither stored nor in the file. (Where they told that
        # there was none, a file with a date says so too.)
        for (each, symbol), (weight, _) in list(group.cells.items()):
            if each >= first and (weight or day) and symbol not in group.rows and symbol not in touch.kept:
                group.cells[each, symbol] = (None, run)
        group.stored = touch.is_stored = True
        touch.file, touch.as_of, touch.content = "present", day, rows
        touch.left = {symbol: weight for symbol, (weight, _) in group.rows.items()}
        return touch
