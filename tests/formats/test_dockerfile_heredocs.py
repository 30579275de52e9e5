import pytest

from bot.formats.dockerfile_heredocs import heredocs, is_json_form


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("RUN true", []),
        ("RUN cat <<EOF", ["EOF"]),
        ("RUN <<A <<-B cat", ["A", "-B"]),
        ("RUN 3<<A", ["A"]),
        ("RUN <<'A B'", ["A B"]),
        ('RUN <<"A B"C', ["A BC"]),
        ('RUN <<"A\\"\\B"', ['A"\\B']),
        ("RUN <<A\\ B", ["A B"]),
        ("RUN <<A\\", ["A"]),
        ('RUN <<"" true', []),
        ("RUN << A", []),
        ("RUN cat<<A", []),
        ("RUN <<<A", []),
        ("RUN x$((1<<2))", []),
        ("RUN 'it <<A", []),
        ('RUN "it <<A', []),
        ("RUN <<A don't", []),
        ("RUN ${ <<A", []),
        ("RUN ${X,,} <<A", []),
        ("RUN ${X:-a <<A", []),
        ("RUN ${X} ${X:-a} ${X/b/c} $X $ <<A", ["A"]),
        ('RUN "${X:-"it\'s"}" <<A', ["A"]),
        ("RUN ${X:- <<A }", ["A"]),
        ("RUN " + "${X:-" * 60 + "}" * 60 + " <<A", []),
    ],
)
def test_here_documents_are_whole_words_of_a_line_that_closes_its_quotes(line: str, names: list[str]) -> None:
    assert [("-" if document.chomp else "") + document.name for document in heredocs(line)] == names


def test_tabs_before_the_end_count_unless_they_are_chomped() -> None:
    (kept,) = heredocs("RUN <<A")
    (chomped,) = heredocs("RUN <<-A")
    assert [kept.ends("A"), kept.ends("\tA"), kept.ends("A ")] == [True, False, False]
    assert [chomped.ends("A"), chomped.ends("\t\tA"), chomped.ends(" A")] == [True, True, False]


@pytest.mark.parametrize("arguments", ["[]", '["a"]', '[ "a" , "b\\"\\u00e4" ] '])
def test_a_list_of_strings_is_the_exec_form(arguments: str) -> None:
    assert is_json_form(arguments)


@pytest.mark.parametrize("arguments", ["", "[", '["a"', '["a",]', "['a']", "[1]", '["a"] b', '["\\d"]'])
def test_anything_else_is_the_shell_form(arguments: str) -> None:
    assert not is_json_form(arguments)
