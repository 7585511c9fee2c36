"""Write the golden exchanges: `python -m tests.contract.wire.record`. Read the diff before you commit."""

import tempfile
from pathlib import Path

from backend.settings import read_settings
from tests.contract.wire import exchange, office
from tests.contract.wire.story import Story
from tests.contract.wire.world import world


def main() -> None:
    """Play the story on a fresh database and write each exchange."""
    for path in (*exchange.FOLDER.glob("*.json"), *office.FOLDER.glob("*.json")):
        path.unlink()
    with tempfile.TemporaryDirectory() as folder:
        settings = read_settings({"SATCHEL_FOLDER": str(Path(folder) / "instance")})
        with world(settings) as installation:
            for name, golden in Story(installation).play():
                exchange.write(name, golden)
        with world(read_settings({"SATCHEL_FOLDER": str(Path(folder) / "office")})) as installation:
            for name, golden in office.play(installation):
                exchange.write(name, golden, office.FOLDER)


if __name__ == "__main__":
    main()
