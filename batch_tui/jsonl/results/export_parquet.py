"""Rows into a Parquet file, by the library of the ``[export]`` extra, which is loaded only here."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from types import ModuleType
from typing import Protocol, Self

from batch_tui.domain.errors import ConfigurationError
from batch_tui.jsonl.output import Output

_GROUP_ROWS = 10_000
_GROUP_CHARACTERS = 4_000_000


class _Writer(Protocol):
    def write_table(self, table: object) -> None: ...
    def close(self) -> None: ...


class ParquetRows:
    """Collects rows into groups and writes them.

    Args:
        output: Where the file's bytes go.
        names: The columns.
        text_columns: Those that hold text; the others hold whole numbers.

    Raises:
        ConfigurationError: The library isn't installed.
    """

    def __init__(self, output: Output, names: Sequence[str], text_columns: frozenset[str]) -> None:
        self._library = parquet_library()
        arrow = self._library
        self._schema = arrow.schema(
            [(name, arrow.string() if name in text_columns else arrow.int64()) for name in names],
        )
        writer = importlib.import_module("pyarrow.parquet").ParquetWriter
        self._sink = arrow.PythonFile(_Sink(output), mode="w")
        self._writer: _Writer = writer(self._sink, self._schema, compression="zstd")
        self._rows: list[tuple[str | int | None, ...]] = []
        self._characters = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        if kind is None:
            self._flush()
        self._writer.close()

    def add(self, row: tuple[str | int | None, ...]) -> None:
        """Add a row; it's written with its group."""
        self._rows.append(row)
        self._characters += sum(len(cell) for cell in row if isinstance(cell, str))
        if len(self._rows) >= _GROUP_ROWS or self._characters >= _GROUP_CHARACTERS:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            arrow = self._library
            arrays = [
                arrow.array(cells, field.type)
                for cells, field in zip(zip(*self._rows, strict=True), self._schema, strict=True)
            ]
            self._writer.write_table(arrow.Table.from_arrays(arrays, schema=self._schema))
        self._rows.clear()
        self._characters = 0


def parquet_library() -> ModuleType:
    """The library that writes Parquet.

    Raises:
        ConfigurationError: It isn't installed.
    """
    try:
        return importlib.import_module("pyarrow")
    except ImportError as error:
        raise ConfigurationError(
            "Parquet needs a library that isn't installed; install batch-tui[export], or write CSV instead.",
        ) from error


class _Sink:
    """The few things of a file that the library asks for."""

    closed = False

    def __init__(self, output: Output) -> None:
        self._output = output
        self._position = 0

    def write(self, piece: bytes) -> int:
        self._output.write(piece)
        self._position += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._position

    def flush(self) -> None:
        """Nothing: the file is written out as a whole."""

    def close(self) -> None:
        """Nothing: who made the file ends it."""
