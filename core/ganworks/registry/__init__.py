"""Which plugins there are, what they add, and which of them could not be used and why.

Discovery is our own: pluggy's loader stops at the first plugin that raises, and a hook call stops at the
first listener that raises. Here one plugin's failure is recorded under its name and the others go on.
"""

from ganworks.registry._checks import RESERVED_COMMANDS
from ganworks.registry._discovery import DISABLE, discover, from_modules
from ganworks.registry._registry import PluginInfo, Registry
from ganworks.registry._relay import Relay

__all__ = ["DISABLE", "RESERVED_COMMANDS", "PluginInfo", "Registry", "Relay", "discover", "from_modules"]
