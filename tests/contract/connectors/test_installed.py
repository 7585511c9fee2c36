"""The contract is part of the installed package, and says what it needs."""

import subprocess
import sys


def test_the_contract_suite_without_pytest_names_the_package_to_install() -> None:
    code = "import sys; sys.modules['pytest'] = None; import backend.erp.testing"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert "install pytest" in result.stderr


def test_the_server_and_the_port_do_not_import_pytest() -> None:
    code = "import sys, backend.erp.port, backend.app, backend.worker; sys.exit('pytest' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
