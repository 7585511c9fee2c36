"""Mutants: known mistakes, each as edits to the product's source, and the test that must fail with it.

How to write one: add a `Mutant` to a file of `tests/mutants/table/`, write the page
(`python -m tests.mutants --page > docs/mutants.md`), and run it (`python -m tests.mutants "part of its name"`).

    Mutant(
        "two hits are one", "–", "Of two documents under our key the first is adopted, and nobody learns of
        it.", "tests/unit/delivery/test_error_classes.py::test_two_documents_with_our_key_are_parked",
        [never(Transfer._look_up, "len($HITS) > 1")],
    )

An edit names its place by a *symbol*: the function, method, class or property itself, imported, so that a
rename tool follows it. `constant(module, module.NAME)` is the assignment of a module's constant.

Inside the symbol a *pattern* names one node of the syntax tree. It is Python with metavariables, as ast-grep
reads it (https://ast-grep.github.io/guide/pattern-syntax.html): `$ONE` is any one node, and the same one
wherever it stands again; `$$$MANY` is any number of arguments or statements. Layout does not matter. Write
a metavariable for each name that the mistake is not about, local names above all. `calls(function)` matches any
call of a function, `holding(pattern)` whatever has the pattern inside. A dict is a rule of ast-grep.
A name that the pattern needs can be a reference too: `f"$ROW.{Submission.unfinished_leases.key} += 1"`.

The edits, in `tests/mutants/edits.py`:

- `never(symbol, condition)`, `always(symbol, condition)`: an `if` or `while` always decides the same
- `replace(symbol, pattern, text)`: another expression; `text` may use the metavariables, and `$MATCH` for all
- `drop(symbol, pattern)`: the statement that holds the pattern is gone
- `before(symbol, pattern, text)`, `after(symbol, pattern, text)`: one more statement beside that one
- `move(symbol, pattern, before=pattern)` or `after=`: the statement stands elsewhere
- `body(function, text)`: the function does something else
- `change_text(symbol, old, new)`: a part of a string literal, such as SQL

The edits of a mutant are made one after another. A pattern must have exactly one match in its symbol, otherwise
`StaleMutant` says which mutant, which symbol and how many. The result must compile, differ, and use no name
that is not defined. A mutant whose test ends with a NameError does not count as killed.
"""
