"""Reads which modules a module imports before it runs, so that a page can load them all at once.

Apart from `output`, which writes files. Our own style (checked by Biome) puts `from "…"` on the line that ends
an import or a re-export; minified libraries are read by the same rule.
"""

import posixpath
import re
from collections.abc import Mapping

_FROM = re.compile(r"""(?:\bfrom|\bimport)\s{0,9}["']([^"'\n]{1,200})["']""")


def static_imports(start: str, files: Mapping[str, bytes], libraries: Mapping[str, str]) -> list[str]:
    """Return *start* and every module that it imports statically, itself or through others, nearest first.

    *libraries* maps bare names to paths of *files*. Raises KeyError if a module imports a file that is missing.
    """
    order, waiting = [start], [start]
    while waiting:
        name = waiting.pop(0)
        for target in _FROM.findall(files[name].decode()):
            if target.startswith("."):
                path = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
            else:
                path = libraries[target]
            if path not in order:
                order.append(path)
                waiting.append(path)
    return order
