"""Arithmetic as trees: evaluated exactly, written as textbooks do, and = or ≈ as the numbers that are written say."""

import re
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from cnnviz.words import (
    Expression,
    Negative,
    Number,
    Power,
    Printer,
    Product,
    Quotient,
    Sum,
    Symbol,
    call,
    dot,
    equation,
    evaluate,
    exact,
    relation,
)

PRINT = Printer()

numbers = st.builds(Number, st.decimals(-99, 99, places=2).map(float), st.integers(0, 3))


def compound(children):
    return st.one_of(
        st.lists(children, min_size=1, max_size=3).map(lambda parts: Sum(tuple(parts))),
        st.lists(children, min_size=1, max_size=3).map(lambda parts: Product(tuple(parts))),
        st.builds(Quotient, children, children),
        st.builds(Negative, children),
        st.builds(lambda base, power: Power(base, Number(power)), children, st.integers(0, 3)),
    )


trees = st.recursive(numbers, compound, max_leaves=8)


def read(text: str) -> Fraction:
    """What somebody makes of the text who knows no tree."""
    for raised, plain in zip("⁰¹²³", "0123", strict=True):
        text = text.replace(raised, f"**{plain}")
    text = text.replace("−", "-").replace("·", "*").replace("½", "(1/2)")
    return eval(re.sub(r"\d+(?:\.\d+)?", lambda number: f"F('{number[0]}')", text), {"F": Fraction})


@given(trees)
def test_what_is_written_reads_as_what_it_is_worth_and_a_sign_tells_whether_it_is_exact(tree: Expression):
    value = exact(tree)
    if isinstance(value, Fraction):
        assert read(PRINT(tree)) == value
        shown = Number(float(value), 2)
        assert relation(tree, shown) == ("=" if shown.exact() == value else "≈")


def test_irrational_values_are_never_exact():
    assert relation(call("tanh", Number(40)), Number(1, 2)) == "≈"
    for tree, result in {
        call("exp", Number(0)): Number(1, 2),
        call("σ", Number(0)): Number(0.5, 1),
        Power(Number(16), Number(0.75, 2)): Number(8),
        call("sqrt", Number(4)): Number(2),
        Number(0) * call("exp", Number(2)): Number(0),
    }.items():
        assert relation(tree, result) == "="


def test_an_equation_leaves_out_what_says_nothing_and_shortens_what_is_too_long():
    ones = [Number(1)] * 40
    text = PRINT(equation(Symbol("y"), dot(ones, ones), Number(40), letters=30))
    assert "…" in text
    assert len(text) < 60
    assert text.endswith("= **40**")
    nothing = equation(Symbol("y"), dot(ones, [Number(0)] * 40, None, Number(0)), Number(0))
    assert PRINT(nothing) == "$y$ = **0**"


def test_shares_are_equal_where_their_numbers_are_and_not_where_they_are_only_written_alike():
    powers = [call("exp", Number(value, 0)) for value in (1.4, 0.7)]
    share = powers[0] / Sum(tuple(powers))
    assert exact(share) == Fraction(1, 2)
    assert abs(evaluate(share) - 0.668188) < 1e-6
