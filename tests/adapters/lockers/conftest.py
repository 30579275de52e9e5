from tests.rig.index import local_index as local_index  # noqa: PLC0414 - a fixture for this folder
