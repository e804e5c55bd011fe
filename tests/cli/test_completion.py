"""Scripts that complete commands and options in a shell."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from sdsim.cli.main import COMMANDS, main


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_a_script_knows_every_command(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--print-completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(name in script for name in COMMANDS)
    assert "check-dt" in script


def test_bash_completes(capsys: pytest.CaptureFixture[str]) -> None:
    if (bash := shutil.which("bash")) is None:
        pytest.skip("no bash")
    assert main(["--print-completion", "bash"]) == 0
    ask = (
        "\nCOMP_WORDS=(sdsim run --check); COMP_CWORD=2\n_shtab_sdsim\n"
        "printf '%s\\n' \"${COMPREPLY[@]}\"\n"
    )
    done = subprocess.run(
        [bash, "-c", capsys.readouterr().out + ask], capture_output=True, text=True, timeout=600
    )
    assert done.stdout.split() == ["--check-dt"], done.stderr


def test_another_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--print-completion", "cmd"]) == 2
    assert "choose from" in capsys.readouterr().err
