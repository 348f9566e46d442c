"""The tables that benchmarks print."""


def print_table(rows):
    """rows: texts, of one length; the first has the names of the columns."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    for i, row in enumerate(rows):
        print("| " + " | ".join(
            cell.ljust(width) for cell, width in zip(row, widths)) + " |")
        if not i:
            print("|" + "|".join("-" * (w + 2) for w in widths) + "|")
