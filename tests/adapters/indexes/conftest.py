from tests.rig.index import local_index

__all__ = ["local_index"]
