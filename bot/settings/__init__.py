"""The configuration: TOML text -> Settings, its JSON Schema, and the commented text that `config init` writes."""

from bot.settings.durations import duration, render_duration
from bot.settings.example import commented_example
from bot.settings.mistakes import BadSettings, Mistake
from bot.settings.reading import NOT_YET, not_acted_on, read
from bot.settings.repository_file import read_pyproject, read_repository_file
from bot.settings.schema import schema
from bot.settings.values import (
    AdvisoriesSettings,
    AppSettings,
    BuiltTagsSettings,
    DiscoverSettings,
    EngineSettings,
    ForgeSettings,
    ImagesSettings,
    IndexSettings,
    IsolationSettings,
    LifetimesSettings,
    LockSettings,
    NotificationsSettings,
    NotifySettings,
    PythonSettings,
    RegistrySettings,
    RepositoryFile,
    RepositorySettings,
    ServiceSettings,
    Settings,
)

__all__ = [
    "NOT_YET",
    "AdvisoriesSettings",
    "AppSettings",
    "BadSettings",
    "BuiltTagsSettings",
    "DiscoverSettings",
    "EngineSettings",
    "ForgeSettings",
    "ImagesSettings",
    "IndexSettings",
    "IsolationSettings",
    "LifetimesSettings",
    "LockSettings",
    "Mistake",
    "NotificationsSettings",
    "NotifySettings",
    "PythonSettings",
    "RegistrySettings",
    "RepositoryFile",
    "RepositorySettings",
    "ServiceSettings",
    "Settings",
    "commented_example",
    "duration",
    "not_acted_on",
    "read",
    "read_pyproject",
    "read_repository_file",
    "render_duration",
    "schema",
]
