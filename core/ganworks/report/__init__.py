"""One self-contained HTML page: what a run made, how good it is, and how to use it.

Pictures and plots come from `ganworks.report.pictures`, which is imported only where they are drawn.
"""

from ganworks.report.page import Level, Report, Section

__all__ = ["Level", "Report", "Section"]
