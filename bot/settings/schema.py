"""The JSON Schema of the configuration, made from the tables that reading goes by."""

from typing import Any

from bot.settings.reading import ROOT

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """Describe the configuration as JSON Schema (draft 2020-12), for editors and other checkers.

    What passes `read` passes it, with TOML's dates as text; the finer rules are told only by `read`.
    """
    return {"$schema": DIALECT, "title": "Quarterdeck's configuration", **ROOT.schema()}
