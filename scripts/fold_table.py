"""Write archive/simplified.py from OpenCC's own conversion (pip package opencc, Apache-2.0): `make test` compares them."""

from __future__ import annotations

from pathlib import Path

import opencc

HAN = ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0xF900, 0xFB00), (0x20000, 0x323B0))
TARGET = Path(__file__).resolve().parent.parent / "archive" / "simplified.py"
WIDTH = 60


def table() -> dict[str, str]:
    """Every single character that OpenCC's t2s changes, followed to its end (薴 to 苧 to 苎)."""
    convert = opencc.OpenCC("t2s").convert
    found = {}
    for low, high in HAN:
        for code in range(low, high):
            character = folded = chr(code)
            while (simpler := convert(folded)) != folded and len(simpler) == 1:
                folded = simpler
            if folded != character:
                found[character] = folded
    return found


def lines(text: str) -> str:
    return "\n".join(f'    "{text[i : i + WIDTH]}"' for i in range(0, len(text), WIDTH))


def main() -> None:
    found = table()
    TARGET.write_text(
        '"""Traditional characters and the simplified ones they fold to, one for one: lengths never change.\n\n'
        "Made by scripts/fold_table.py from the data of OpenCC (https://github.com/BYVoid/OpenCC, Apache-2.0,\n"
        'Copyright BYVoid and contributors). Not edited by hand.\n"""\n\n'
        f"TRADITIONAL = (\n{lines(''.join(found))}\n)\nSIMPLIFIED = (\n{lines(''.join(found.values()))}\n)\n"
    )


if __name__ == "__main__":
    main()
