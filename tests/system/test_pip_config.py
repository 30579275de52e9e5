import os
import stat
import sys
from pathlib import Path

import pytest

from bot.errors import ConfigError, StoreError
from bot.system.pip_config import PipConfiguration, default_index_url, pip_configuration, write_pip_conf
from bot.system.process import base_environment, run

FULL = PipConfiguration(
    index_url="https://reader:p%40ss;word@one.example/simple",
    extra_index_urls=("https://two.example/simple", "http://three.example:8080/simple"),
    cert="/somewhere/ca.pem",
    trusted_hosts=("three.example", "four.example:444"),
    proxy="http://proxy.example:3128",
    timeout=7.5,
)


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of which pip knows nothing but what the test writes, /etc/pip.conf and the venv's file included."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr("sys.prefix", str(tmp_path / "venv"))
    monkeypatch.setattr("bot.system.pip_config.SYSTEM_FOLDER", str(tmp_path / "etc"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "xdg"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home/.config"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def pip_says(folder: Path, pip_conf: Path, *arguments: str) -> str:
    environment = base_environment() | {"HOME": str(folder), "PIP_CONFIG_FILE": str(pip_conf)}
    done = run([sys.executable, "-m", "pip", *arguments], cwd=folder, timeout=60, env=environment)
    return done.stdout + done.stderr


def test_nothing_configured_means_the_index_that_pip_names_itself() -> None:
    assert pip_configuration() == PipConfiguration()
    assert pip_configuration().urls == (default_index_url(),)
    assert default_index_url().endswith("/simple")


def test_later_files_win_and_the_environment_wins_over_files(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = ["xdg/pip/pip.conf", "etc/pip.conf", "home/.pip/pip.conf", "home/.config/pip/pip.conf", "venv/pip.conf"]
    for place in places:
        write(machine / place, f"[global]\nproxy = http://{place.replace('/', '.')}\n")
        assert pip_configuration().proxy == f"http://{place.replace('/', '.')}"
    monkeypatch.setenv("PIP_PROXY", "http://environment")
    assert pip_configuration().proxy == "http://environment"


def test_the_named_file_stands_in_for_the_users_own(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(machine / "home/.config/pip/pip.conf", "[global]\ntimeout = 5\nproxy = http://user.example\n")
    write(machine / "etc/pip.conf", "[global]\ntimeout = 6\n")
    write(machine / "named.conf", "[global]\nindex-url = https://named.example/simple\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(machine / "missing.conf"))
    assert pip_configuration().proxy == "http://user.example"
    monkeypatch.setenv("PIP_CONFIG_FILE", str(machine / "named.conf"))
    assert pip_configuration() == PipConfiguration(index_url="https://named.example/simple", timeout=6)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    assert pip_configuration() == PipConfiguration()


def test_the_install_section_wins_and_other_sections_do_not_count(machine: Path) -> None:
    text = (
        "[install]\nindex_url = https://i.example/simple\n[global]\nindex-url = https://g.example/\n[list]\nproxy=x\n"
    )
    write(machine / "etc/pip.conf", text)
    assert pip_configuration() == PipConfiguration(index_url="https://i.example/simple")


def test_an_empty_value_says_nothing(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(machine / "etc/pip.conf", "[global]\nindex-url = https://g.example/\n")
    monkeypatch.setenv("PIP_INDEX_URL", "")
    assert pip_configuration().index_url == "https://g.example/"


def test_every_setting_is_read_from_the_environment_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", FULL.index_url or "")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "\n ".join(FULL.extra_index_urls))
    monkeypatch.setenv("PIP_CERT", FULL.cert or "")
    monkeypatch.setenv("PIP_TRUSTED_HOST", " ".join(FULL.trusted_hosts))
    monkeypatch.setenv("PIP_PROXY", FULL.proxy or "")
    monkeypatch.setenv("PIP_DEFAULT_TIMEOUT", "7.5")
    assert pip_configuration() == FULL


def test_folders_of_this_machine_are_not_indexes(machine: Path) -> None:
    extra = "file:///opt/simple https://ok.example/simple /opt/more http:// http://[ http://x:y/ ftp://x.example/"
    write(machine / "etc/pip.conf", f"[global]\nindex-url = file:///opt/x\nextra-index-url = {extra}\nfind-links=/w\n")
    assert pip_configuration() == PipConfiguration(extra_index_urls=("https://ok.example/simple",))


def test_a_certificate_in_the_home_folder_is_given_in_full(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CERT", "~/ca.pem")
    assert pip_configuration().cert == str(machine / "home/ca.pem")


@pytest.mark.parametrize("text", ["timeout = 3\n", "[global]\nproxy\n", "[global]\nproxy=\xff\n"])
def test_an_unreadable_file_is_named(machine: Path, text: str) -> None:
    path = machine / "etc/pip.conf"
    write(path, "")
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError, match=r"etc/pip\.conf"):
        pip_configuration()


def test_a_timeout_that_is_no_number_is_refused_as_pip_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_TIMEOUT", "soon")
    with pytest.raises(ConfigError, match="soon"):
        pip_configuration()


def test_passwords_are_not_shown() -> None:
    assert "p%40ss" not in repr(FULL)


def test_pip_reads_what_was_written(machine: Path) -> None:
    path = machine / "own.conf"
    write_pip_conf(path, FULL)
    shown = pip_says(machine, path, "config", "get", "global.index-url")
    assert shown.strip() == FULL.index_url
    listed = pip_says(machine, path, "config", "debug")
    for setting in ("cert: /somewhere/ca.pem", "timeout: 7.5", "no-input: true", "proxy: http://proxy.example:3128"):
        assert setting in listed
    assert f"extra-index-url: {' '.join(FULL.extra_index_urls)}" in listed
    assert f"trusted-host: {' '.join(FULL.trusted_hosts)}" in listed


def test_what_was_written_is_what_we_read_again(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for configuration in (FULL, PipConfiguration()):
        write_pip_conf(machine / "own.conf", configuration)
        monkeypatch.setenv("PIP_CONFIG_FILE", str(machine / "own.conf"))
        assert pip_configuration() == configuration


def test_our_reading_of_the_machine_is_pips_own(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(machine / "home/.config/pip/pip.conf", "[global]\nindex-url = https://g.example/simple\n")
    write(machine / "xdg/pip/pip.conf", "[global]\nindex-url = https://x.example/simple\n")
    environment = base_environment() | {name: os.environ[name] for name in ("HOME", "XDG_CONFIG_DIRS")}
    argv = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    done = run(argv, cwd=machine, timeout=60, env=environment)
    assert done.stdout.strip() == pip_configuration().index_url == "https://g.example/simple"


def test_only_the_owner_can_read_what_was_written(machine: Path) -> None:
    path = machine / "own.conf"
    write(path, "old")
    path.chmod(0o644)
    write_pip_conf(path, FULL)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_folder_that_is_not_there_is_told(machine: Path) -> None:
    with pytest.raises(StoreError, match=r"own\.conf cannot be written"):
        write_pip_conf(machine / "nowhere" / "own.conf", FULL)
