"""`python -m tests.mutants [part of a name …]`: makes each known mistake and shows that its test fails.

`--page` prints docs/mutants.md instead. Ends with 1 if a mutant survives.
"""

import sys

from tests.mutants.running import run


def main(arguments: list[str]) -> int:
    if arguments == ["--page"]:
        # Imported late: the table loads the product, of which the process that runs mutants must have nothing.
        from tests.mutants.page import page

        print(page(), end="")
        return 0
    count, survivors = 0, []
    for result in run(arguments):
        word = "killed  " if result.killed else "SURVIVES"
        print(f"{word}  {result.seconds:5.1f} s  {result.made.name}\n    {result.made.test}", flush=True)
        print(f"    {result.why}", flush=True)
        count += 1
        if not result.killed:
            survivors.append(result.made.name)
    print(f"\n{count - len(survivors)} of {count} mutants are killed by their tests")
    for name in survivors:
        print(f"  survives: {name}")
    return 1 if survivors or not count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
