"""Several files as one, line after line: what a split took apart."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from batch_tui.jsonl.lines import BLOCK_BYTES, open_input
from batch_tui.jsonl.output import new_output


def concatenate(sources: Iterable[Path], destination: Path, *, overwrite: bool = True) -> None:
    """Write files one after the other into a new one; a file that ends without a newline gets one.

    Args:
        sources: The files, in order.
        destination: The file to make; its directory is made too.
        overwrite: False to leave an existing file as it is.

    Raises:
        InputFileError: A source can't be read.
        OutputFileError: The destination can't be written, or exists and isn't to be replaced.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    with new_output(destination, overwrite=overwrite) as output:
        ends_whole = True
        for source in sources:
            if not ends_whole:
                output.write(b"\n")
            with open_input(source) as handle:
                while block := handle.read(BLOCK_BYTES):
                    output.write(block)
                    ends_whole = block.endswith(b"\n")
