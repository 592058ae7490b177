"""A dry run writes nothing at all, and says what the run then does."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from tests.files import write_fund, write_universe
from tests.reliability.commands import SECTORS, SYMBOLS
from tests.reliability.conftest import Rounds, Tell
from tests.reliability.stage import Stage
from tests.stored import everything, query

SEEDS: dict[str, tuple[int, ...]] = {}
FEW = SYMBOLS[:12]


class Walk:
    """A random walk: at each step some files are new, or a hand is at work."""

    def __init__(self, stage: Stage, folder: Path, chance: random.Random) -> None:
        self._stage, self._folder, self._chance = stage, folder, chance
        for fund in ("SPY", "QQQ", "XLE"):
            self._write_fund(fund)
        self._write_lists()

    def _some(self) -> list[str]:
        return self._chance.sample(FEW, self._chance.randint(1, len(FEW)))

    def _write_fund(self, fund: str) -> None:
        symbols = self._some()
        weight = self._chance.choice([f"{100 / len(symbols):.4f}", "1", "8.25", "40", "120", None])
        path = write_fund(self._folder, fund, dict.fromkeys(symbols, weight))
        if self._chance.random() < 0.05:
            path.write_text("symbol,weight\nNO STOCK AT ALL,x\n")

    def _write_lists(self) -> None:
        for universe in ("sp500", "dow30"):
            write_universe(self._folder, universe, self._some())
        rows = {
            "themes.csv": ["theme,symbol,description", *(f"miners,{symbol},Miners" for symbol in self._some())],
            "stock_classification.csv": ["symbol,sector,industry", *(f"{symbol},{self._sector()}," for symbol in FEW)],
            "sector_overrides.csv": ["symbol,sector,industry", *(f"{symbol},{self._sector()}," for symbol in FEW[::5])],
        }
        for name, lines in rows.items():
            (self._folder / name).write_text("\n".join([*lines, ""]))

    def _sector(self) -> str:
        return self._chance.choice([*SECTORS, ""])

    def step(self) -> None:
        what = self._chance.randrange(6)
        if what < 3:
            self._write_fund(self._chance.choice(["SPY", "QQQ", "XLE", "IWM"]))
        elif what == 3:
            self._write_lists()
        elif what == 4:
            (self._folder / "iwm_holdings.csv").unlink(missing_ok=True)
        else:
            query(self._stage.witness, self._chance.choice([
                "UPDATE group_memberships SET weight = 3 WHERE symbol = %s AND weight IS NOT NULL",
                "DELETE FROM group_memberships WHERE symbol = %s",
                "UPDATE group_memberships SET metadata = '{}' WHERE symbol = %s",
                "INSERT INTO group_memberships (group_id, symbol) SELECT id, %s FROM definition_groups"
                " WHERE type IN ('ETF', 'UNIVERSE', 'THEME') ON CONFLICT DO NOTHING",
                "DELETE FROM definition_groups WHERE type <> 'SECTOR' AND name = 'QQQ' AND %s <> ''",
            ]), self._chance.choice(FEW))  # fmt: skip

    def command(self) -> str:
        loader = self._chance.choice([
            "load_etf_holdings", "load_etf_holdings", "load_etf_holdings --etf SPY", "load_universes",
            "organize_universe", "organize_sectors_industries", "build_stock_metadata", "enrich_sectors",
        ])  # fmt: skip
        options = [f"--mode {self._chance.choice(['full', 'incremental'])}"]
        options += [option for option in ("--force", "--keep-manual") if self._chance.random() < 0.5]
        if loader.startswith("load_"):
            options += [option for option in ("--keep-missing", "--skip-bad-files") if self._chance.random() < 0.3]
        return " ".join([loader, *options])


def traces(stage: Stage, folder: Path) -> dict[str, Any]:
    """All that a run could leave: rows, their versions, sequences, and files."""
    return {
        **everything(stage.witness),
        "sequences": query(stage.witness, "SELECT sequencename, last_value FROM pg_sequences ORDER BY 1"),
        "files": sorted((path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in folder.iterdir()),
    }


def test_a_dry_run_writes_nothing_and_predicts_the_run(
    stage: Stage, tmp_path: Path, rounds: Rounds, tell: Tell, seed: int
) -> None:
    stage = stage.with_folder(tmp_path)
    walk = Walk(stage, tmp_path, random.Random(seed))
    changed = refused = failed = 0
    for turn in range(rounds(25, 1000)):
        if turn % 50 == 0:
            stage.put_back()
        walk.step()
        command = walk.command()
        before = traces(stage, tmp_path)
        predicted = stage.call(f"{command} --dry-run --json --verbose")
        assert traces(stage, tmp_path) == before
        real = stage.call(f"{command} --json --verbose")
        assert predicted.status == real.status, (command, predicted, real)
        if real.status == 0:
            wanted, found = json.loads(predicted.out), json.loads(real.out)
            changed += found["load_id"] is not None
            for shape in (wanted, found):
                del shape["dry_run"], shape["load_id"]
            assert found == wanted, command
        refused, failed = refused + (real.status == 3), failed + (real.status == 1)
    tell(f"{rounds(25, 1000):,} cases: 0 traces, 0 differences; {changed} runs changed something, "
         f"{refused} were refused, {failed} had bad files")  # fmt: skip
