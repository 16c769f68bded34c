"""ganworks: adversarial training turned into applications.

Importing this package costs no torch: the parts that need it are the subpackages ``ganworks.training``,
``ganworks.networks``, ``ganworks.metrics`` and ``ganworks.pipeline``.
"""

from ganworks import plugin
from ganworks.errors import DataError, ExitCode, GanworksError, PluginError, RunError, UsageError

__all__ = ["DataError", "ExitCode", "GanworksError", "PluginError", "RunError", "UsageError", "plugin"]
