"""The modules of the first screen: everything that is imported statically, itself or through others."""

import pytest

from backend.webapp.builder.imports import static_imports


def test_static_imports_are_followed_and_dynamic_ones_are_not() -> None:
    files = {
        "main.js": b'import { a } from "./shell/a.js";\nimport "lib";\nconst b = () => import("./later.js");',
        "shell/a.js": b'export { b } from "../b.js";\nimport {\n  c,\n} from "./c.js";',
        "b.js": b'import { a } from "./shell/a.js";',
        "shell/c.js": b"",
        "later.js": b"",
        "vendor/lib.js": b'import{h}from"lib/hooks"',
        "vendor/hooks.js": b"",
    }
    libraries = {"lib": "vendor/lib.js", "lib/hooks": "vendor/hooks.js"}
    assert static_imports("main.js", files, libraries) == [
        "main.js", "shell/a.js", "vendor/lib.js", "b.js", "shell/c.js", "vendor/hooks.js",
    ]  # fmt: skip


def test_a_missing_module_fails_the_build() -> None:
    with pytest.raises(KeyError):
        static_imports("main.js", {"main.js": b'import "./none.js";'}, {})
