"""What check_massive.py tells, as lines and as JSON."""

from __future__ import annotations

from typing import Any

from tickstock.bars.check import Check, Extent, Historical
from tickstock.bars.provider import Provider

_TRY = "compare the plan's dashboard with MASSIVE_BUCKET, MASSIVE_DAY_PREFIX and the keys"


def place_json(provider: Provider) -> dict[str, Any]:
    """Where the files come from; of the keys only where they were found."""
    massive = provider.massive
    return {"endpoint": massive.endpoint, "bucket": massive.bucket, "credentials": provider.credentials.where}


def place_lines(provider: Provider) -> list[str]:
    return [f"{name:<12} {value}" for name, value in place_json(provider).items()]


def check_json(found: Check) -> dict[str, Any]:
    return {
        "datasets": [{k: str(v) if k.endswith(("listed", "entitled")) and v else v for k, v in one._asdict().items()}
                     for one in found.extents],
        "download": found.download and {**found.download._asdict(), "day": str(found.download.day)},
    }  # fmt: skip


def check_lines(found: Check) -> list[str]:
    day, minute = found.extents
    lines = [f"Part 1, list:     {_listed(day)}"]
    if got := found.download:
        lines.append(
            f"Part 2, download: {got.day}, {got.size:,} bytes, {got.rows:,} rows, {got.seconds:.1f} seconds"
        )
    else:
        lines.append("Part 2, download: no day file may be read")
    return [*lines, f"day files:        {_entitled(day)}", f"minute files:     {_listed(minute)}; {_entitled(minute)}"]


def check_fault(found: Check) -> str | None:
    """What is wrong, and what to try; None if the day files can be listed and downloaded."""
    if found.extents[0].last_listed is None:
        return f"the bucket lists no day files of the last two years; {_TRY}"
    if found.download is None:
        return f"day files are listed, and none of them may be read: your plan has no flat files, or not yet; {_TRY}"
    return None


def historical_json(found: Historical) -> dict[str, Any]:
    return {
        "ticker": found.ticker,
        "start": str(found.start),
        "end": str(found.end),
        "rows": len(found.bars),
        "bars": [{**bar._asdict(), "day": str(bar.day)} for bar in found.bars],
        "missing": [{"day": str(day), "reason": reason} for day, reason in found.missing],
        "absent": [str(day) for day in found.absent],
    }


def historical_lines(found: Historical) -> list[str]:
    lines = [f"{found.ticker} from {found.start} on and before {found.end}: {len(found.bars)} rows"]
    if found.bars:
        from tabulate import tabulate

        lines[0] += f", first {found.bars[0].day}, last {found.bars[-1].day}"
        rows = [(str(bar.day), *(f"{price:.2f}" for price in bar[1:5]), f"{bar.volume:,.0f}") for bar in found.bars]
        head = ("Date", "Open", "High", "Low", "Close", "Volume")
        lines.append(tabulate(rows, head, disable_numparse=True, colalign=("left", *["right"] * 5)))
    lines += [f"{day}: {reason}" for day, reason in found.missing]
    if found.absent:
        lines.append(f"{len(found.absent)} files have no {found.ticker}, from {found.absent[0]} to {found.absent[-1]}")
    return lines


def _listed(extent: Extent) -> str:
    if extent.last_listed is None:
        return "none listed in the last two years"
    return (
        f"{extent.in_last_month} files of {extent.last_listed:%Y-%m}, the newest {extent.last_listed}, "
        f"the oldest {extent.first_listed}"
    )


def _entitled(extent: Extent) -> str:
    if extent.last_entitled is None:
        return "none may be read"
    return f"may be read from {extent.first_entitled} to {extent.last_entitled}"
