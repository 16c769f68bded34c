"""The command `gan`: parse, call, show. What a command does is in the core and in the plugins."""
