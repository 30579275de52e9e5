"""A resolver's complaint, shortened to its own sentence."""

import pytest

from bot.formats import resolver_output

PIP_CONFLICT = """\
WARNING: something
ERROR: Cannot install -r requirements.in (line 1) and django==5 because these have conflicting dependencies.
Traceback (most recent call last):
  File "/home/x/lib/python3.11/site-packages/pip/y.py", line 3
pip._internal.exceptions.DistributionNotFound: ResolutionImpossible

The conflict is caused by:
    The user requested django==5
    acme 1.0 depends on django<5

Additionally, some packages in these conflicts have no matching distributions

To fix this you could try to:
1. loosen the range of package versions you've specified
"""
UV = """\
  × No solution found when resolving dependencies:
  ╰─▶ Because acme==1.0 depends on django<5 and you require django==5, we
      can conclude that your requirements are unsatisfiable.

      hint: something else
"""


@pytest.mark.parametrize(
    ("stderr", "sentence"),
    [
        (PIP_CONFLICT, "these conflict: The user requested django==5; acme 1.0 depends on django<5"),
        (PIP_CONFLICT.partition("To fix")[0],
         "these conflict: The user requested django==5; acme 1.0 depends on django<5"),
        (UV, "Because acme==1.0 depends on django<5 and you require django==5, we can conclude that your requirements "
             "are unsatisfiable."),
        (UV.partition("\n\n")[0], "Because acme==1.0 depends on django<5 and you require django==5, we can conclude "
                                  "that your requirements are unsatisfiable."),
        ("error: Failed to read `/srv/data/tree/a.in`\n  Caused by: not there\n", "Failed to read `a.in` not there"),
        ("ERROR: first\nERROR: No matching distribution found for nope\n", "No matching distribution found for nope"),
        ("error: No solution found when resolving dependencies\n  cause: Because a and b\n         And c.\n\nhint: x\n",
         "Because a and b And c."),
        ("error: No solution found\n", "No solution found"),
        ("error: Failed to build `evil==1.0`\n  cause: x\n\n      [stderr]\n      Traceback\n      ValueError: no\n\nhint: y\n",
         "Failed to build `evil==1.0` : ValueError: no"),
        ("error: Failed to build `evil==1.0`\n  cause: the backend is gone\n", "Failed to build `evil==1.0` the backend is gone"),
        ("error: Failed to build `evil==1.0`\n\n      [stderr]\n", "Failed to build `evil==1.0`"),
        ("  ERROR: Cannot install a\nTraceback\n", "Cannot install a"),
        ("ERROR: \x1b[31mfirst\x1b[0m\nERROR: second\n", "first"),
        ("Looking in indexes: x\nWARNING: y\nthe last word\n", "the last word"),
        ("could not fetch https://user:secret@example.org/simple/x/ ", "could not fetch https://example.org/simple/x/"),
        ("", ""),
        ("x " * 400, ("x " * 400)[:599].rstrip() + "…"),
    ],
)  # fmt: skip
def test_a_complaint_becomes_one_sentence_without_traceback_path_or_credential(stderr: str, sentence: str) -> None:
    assert resolver_output.reason(stderr) == sentence


@pytest.mark.parametrize(
    "stderr", ["Connection refused", "Max retries exceeded with url", "HTTP error 503", "502 Server Error: Bad Gateway",
               "error sending request for url", "429 Too Many Requests"],
)  # fmt: skip
def test_an_index_that_does_not_answer_is_told_from_a_conflict(stderr: str) -> None:
    assert resolver_output.UNREACHABLE.search(stderr)
    assert not resolver_output.UNREACHABLE.search(PIP_CONFLICT + UV)
