"""The words of the configuration for isolation."""

from bot.model.isolation import Isolation


def test_the_words_are_those_of_the_configuration() -> None:
    assert [str(one) for one in Isolation] == ["sandbox", "process", "none"]
