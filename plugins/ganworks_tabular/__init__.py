"""Synthetic tables: from a table of transactions, loans or claims to one that behaves like it.

Importing the package itself declares the domain and costs neither torch nor pandas. Programs use
`ganworks_tabular.synthesizer.Synthesizer`.
"""

from __future__ import annotations

from collections.abc import Iterator

from ganworks import plugin

__all__ = ["ganworks_declare"]


@plugin.hookimpl
def ganworks_declare() -> Iterator[plugin.Declaration]:
    yield plugin.Domain(
        name="tabular-fraud",
        summary="Synthetic tables of transactions, with as many frauds as you ask for.",
        options="ganworks_tabular.options:Options",
        pipeline="ganworks_tabular.pipeline:TablePipeline",
        recipes=("tables",),
        manifest="synthetic.json",
    )
    yield plugin.Command(
        name="table",
        summary="Tables for a fraud team: schema, drift, scenarios, more positives.",
        target="ganworks_tabular.commands:app",
    )
