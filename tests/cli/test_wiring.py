"""How the configuration reaches the implementations."""

from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from bot.cli import house as faces
from bot.cli import setting
from bot.cli.options import Common
from bot.cli.progress import Silent
from bot.decide.plan import Wish
from bot.errors import ConfigError
from bot.model.releases import IndexView
from bot.model.repository import Repository
from bot.model.secrets import SecretRef
from bot.settings import ForgeSettings, IndexSettings, RegistrySettings, Settings, read
from bot.wiring import house as wiring
from bot.wiring.located import located
from bot.wiring.order import Order
from tests.builders import NOW


def _order(tmp_path: Path, settings: Settings) -> Order:
    return Order(
        settings=settings,
        data_dir=tmp_path / "data",
        home=tmp_path,
        clock=lambda: NOW,
        progress=Silent(),
        rehearsal=False,
    )


def test_an_operators_index_is_allowed_and_its_password_goes_into_the_address_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INDEX_USER", "u@x")
    monkeypatch.setenv("INDEX_PASSWORD", "p/w")
    monkeypatch.setenv("PIP_INDEX_URL", "https://main.example/simple")
    indexes = (
        IndexSettings(url="https://one.example/simple", username=SecretRef(env="INDEX_USER"),
                      password=SecretRef(env="INDEX_PASSWORD")),
        IndexSettings(url="https://two.example/simple"),
    )  # fmt: skip
    with wiring.open_house(_order(tmp_path, Settings(indexes=indexes))) as found:
        assert found.pip.extra_index_urls[-2:] == (
            "https://u%40x:p%2Fw@one.example/simple", "https://two.example/simple",
        )  # fmt: skip
        hosts = found.assignment(Repository(name="a", url=""), None).index_hosts
        assert {"main.example", "one.example", "two.example"} <= hosts
        assert "p%2Fw" not in repr(found.pip)
        assert found.rooms.confinement.timeout == timedelta(minutes=15).total_seconds()


def test_the_gate_is_reached_as_pip_reaches_its_index_and_closed_with_the_house(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://u:secret@main.example/simple")
    monkeypatch.setenv("PIP_PROXY", "http://127.0.0.1:1")
    with wiring.open_house(_order(tmp_path, Settings())) as found, found.gate.session(IndexView()) as session:
        assert found.gate is found.gate
        with httpx.Client(proxy=session.proxy) as child:
            answer = child.get(f"{session.index_url}web/")
        assert answer.status_code == 502
        assert answer.text.startswith("https://main.example/simple/web/ does not answer")
        assert "secret" not in f"{session.environment()} {answer.text}"
    assert not session.socket.exists()


def test_github_without_a_token_says_what_to_add(tmp_path: Path) -> None:
    settings = Settings(forge=ForgeSettings(kind="github"))
    with wiring.open_house(_order(tmp_path, settings)) as found, pytest.raises(ConfigError) as caught:
        found.work((found.assignment(Repository(name="acme/web", url=""), None),), Wish())
    assert "QUARTERDECK_GITHUB_TOKEN" in caught.value.hint


def test_registries_are_wired_with_their_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("R_USER", "u")
    monkeypatch.setenv("R_PASSWORD", "p")
    entry = RegistrySettings(host="r.example", username=SecretRef(env="R_USER"), password=SecretRef(env="R_PASSWORD"))
    with wiring.open_house(_order(tmp_path, Settings(registries=(entry,)))) as found:
        assert found.images.registry is found.images.registry


def test_the_data_folder_is_the_options_then_the_configurations_then_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    configured = read('[bot]\ndata_dir = "/srv/q"\n', "x")
    assert setting.data_dir(Common(data_dir=tmp_path / "a"), configured) == tmp_path / "a"
    assert setting.data_dir(Common(), configured) == Path("/srv/q")
    assert setting.data_dir(Common(), Settings()) == tmp_path / "xdg/quarterdeck"


def test_the_configuration_is_the_options_then_the_variables_then_the_usual_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("QUARTERDECK_CONFIG", raising=False)
    named = tmp_path / "named.toml"
    named.write_text("")
    assert setting.configuration_path(Common(config=named)) == named
    monkeypatch.setenv("QUARTERDECK_CONFIG", str(named))
    assert setting.configuration_path(Common()) == named
    monkeypatch.delenv("QUARTERDECK_CONFIG")
    (tmp_path / "config").mkdir()
    (tmp_path / "config/quarterdeck.toml").write_text("")
    assert setting.configuration_path(Common()) == Path("config/quarterdeck.toml")
    assert setting.load(Path("config/quarterdeck.toml")) == Settings()


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("https://forge.example/acme/web.git", "acme/web"), ("git@forge.example:acme/web.git", "acme/web"),
        ("ssh://git@forge.example/acme/web/", "acme/web"),
    ],
)  # fmt: skip
def test_a_url_is_called_by_its_last_two_parts(target: str, name: str) -> None:
    assert faces.name_of(target) == name
    assert located(target) == target
