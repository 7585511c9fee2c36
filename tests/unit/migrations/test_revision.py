"""The revisions as the names of the files say them, beside Alembic's own reading of the files."""

from alembic.script import ScriptDirectory

from backend.migrations.revision import known, newest
from backend.migrations.upgrade import _config


def test_the_names_of_the_files_say_what_the_migrations_say() -> None:
    scripts = ScriptDirectory.from_config(_config(None))
    assert [script.revision for script in scripts.walk_revisions()] == list(reversed(known()))
    assert scripts.get_current_head() == newest()
    follows = {script.revision: script.down_revision for script in scripts.walk_revisions()}
    assert follows == dict(zip(known(), (None, *known()[:-1]), strict=True))
