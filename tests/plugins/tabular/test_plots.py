"""The plots of the tabular report: what they show, and that odd columns do not stop them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganworks.report.encode import inline_svg
from ganworks_tabular import plots
from ganworks_tabular.evaluation import TableFacts

FACTS = TableFacts(target="y", positive="yes", numeric=("amount", "$ln_x"), discrete=("city", "y"))


def table(rows, seed):
    draw = np.random.default_rng(seed)
    amount = draw.lognormal(3, 1, rows)
    return pd.DataFrame(
        {
            "amount": amount,
            "$ln_x": np.log(amount) + draw.normal(size=rows) / 9,
            "city": draw.choice([f"c{i}" for i in range(20)], rows),
            "y": np.where(draw.random(rows) < 0.2, "yes", "no"),
        }
    )


def test_marginals_in_the_given_order_with_missing_shares():
    made = table(300, 1)
    made.loc[:74, "city"] = None
    figure = plots.marginals(FACTS, table(300, 0), made, ["city", "$ln_x", "y", "amount"], most=3)
    shown = [axes.get_title() for axes in figure.axes if axes.get_visible()]
    assert shown == ["city\nmissing 0.0% / 25.0%", r"\$ln_x", "y"]
    assert len(figure.axes[0].patches) == 2 * plots.MOST_BARS
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["train", "synthetic"]


def test_bars_have_the_shares_as_heights():
    train = pd.DataFrame({"y": ["yes"] * 3 + ["no"], "city": "a"})
    made = pd.DataFrame({"y": ["yes", "no"], "city": "b"})
    facts = TableFacts(target="y", positive="yes", numeric=(), discrete=("city", "y"))
    figure = plots.marginals(facts, train, made, ["city", "y"])
    heights = [[bar.get_height() for bar in axes.patches] for axes in figure.axes[:2]]
    assert heights == [[1, 0, 0, 1], [0.75, 0.25, 0.5, 0.5]]  # `b` is among the others


def test_correlations_show_both_tables_and_their_difference():
    train, made = table(500, 0), table(500, 1)
    made["$ln_x"] = made["$ln_x"].sample(frac=1, random_state=0).to_numpy()
    figure = plots.correlations(FACTS, train, made)
    matrices = [axes.images[0].get_array() for axes in figure.axes[:3]]
    assert matrices[0][0, 1] == pytest.approx(train["amount"].corr(train["$ln_x"]))
    assert np.allclose(matrices[2], matrices[1] - matrices[0])
    assert matrices[0].shape == (3, 3)  # the target is among them


def test_associations_are_those_of_the_categories():
    figure = plots.associations(FACTS, table(500, 0), table(500, 1))
    assert figure.axes[0].images[0].get_array().shape == (2, 2)


def test_matrices_need_two_columns():
    facts = TableFacts(target="y", positive="yes", numeric=("amount",), discrete=("y",))
    assert plots.correlations(facts, table(50, 0), table(50, 1)) is None
    assert plots.associations(facts, table(50, 0), table(50, 1)) is None


def test_large_numbers_are_shortened_at_the_axis():
    facts = TableFacts(target="y", positive="yes", numeric=("amount",), discrete=("y",))
    large = table(300, 0).assign(amount=lambda t: t.amount * 1e5)
    figure = plots.marginals(facts, large, large, ["amount"])
    figure.canvas.draw()
    assert any("M" in text.get_text() for text in figure.axes[0].get_xticklabels())


def test_curves_and_histogram_are_drawn_from_figures():
    roc = plots.two_sample_roc({"auc": 0.75, "roc": [[0, 0], [0.5, 1], [1, 1]]})
    assert "AUC 0.75" in roc.axes[0].get_legend_handles_labels()[1][0]
    distances = {"heldout": np.linspace(0, 1, 201).tolist(), "synthetic": [0.0] * 201}
    assert len(plots.privacy_histogram({"distances": distances}).axes[0].patches) == 4
    lines = {"real": [[0, 1], [1, 0.5]], "synthetic": [[0, 1], [1, 0.2]]}
    assert len(plots.precision_recall({"precision_recall": lines}).axes[0].lines) == 2


numbers = st.lists(st.one_of(st.none(), st.floats(-1e12, 1e12)), min_size=4, max_size=4)
texts = st.lists(st.one_of(st.none(), st.text(max_size=30)), min_size=4, max_size=4)


@settings(max_examples=15, deadline=None)
@given(numbers, numbers, texts, texts)
def test_odd_columns_are_drawn(a, b, c, d):
    facts = TableFacts(target="y", positive="yes", numeric=("n",), discrete=("t", "y"))
    train, made = (
        pd.DataFrame(
            {"n": pd.Series(n, dtype="float64"), "t": pd.Series(t, dtype="object"), "y": ["yes", "no"] * 2}
        )
        for n, t in ((a, c), (b, d))
    )
    figure = plots.marginals(facts, train, made, ["n", "t", "y"])
    assert inline_svg(figure, "k").startswith("<svg")
