"""Functions in the normal form: signature, properties, a digest of the body."""

import re

import pytest

from tests.unit.rows import form

F = "function||f|{}|{}|{}|plpgsql {}|{}"


def function(
    identity: str = "",
    *,
    result: str = "integer",
    how: str = "f v f f f f u ",
    body: str = "BEGIN END",
) -> str:
    (line,) = form(F.format(identity, identity, result or "~", how, body))
    return line


def test_a_function_is_its_signature_its_properties_and_a_digest_of_its_body() -> None:
    assert re.fullmatch(
        r"function\|f\|\(a integer\)\|\(a integer\) returns integer language plpgsql"
        r" body [0-9a-f]{16}",
        function("a integer"),
    )
    assert function(body="BEGIN  END") != function()
    assert function("a integer") != function("a text")
    assert function(result="text") != function()


@pytest.mark.parametrize(
    ("how", "shown"),
    [
        ("f i f f f f u ", "plpgsql immutable body"),
        ("f s t f f f u ", "plpgsql stable strict body"),
        ("f v f t f f u search_path=x", "plpgsql security definer set search_path=x body"),
        ("f v f f t f u ", "plpgsql body"),
        ("w v f f f f u ", "|window () returns"),
        ("f v f f f t s ", "plpgsql leakproof parallel safe body"),
        ("f v f f f f r a b=c", "plpgsql parallel restricted set a b=c body"),
    ],
)
def test_what_a_function_may_do_counts(how: str, shown: str) -> None:
    assert shown in function(how=how)


def test_an_aggregate_is_what_it_calls() -> None:
    (line,) = form("function||f|integer|integer|integer|internal a i f f f f s |sfunc int4pl")
    assert (
        line
        == "function|f|(integer)|aggregate (integer) returns integer parallel safe sfunc int4pl"
    )


def test_the_in_of_a_procedures_arguments_is_printed_from_14_on_only() -> None:
    new = function("IN a integer, IN b text", result="", how="p v f f f f u ")
    old = function("a integer, b text", result="", how="p v f f f f u ")
    assert new == old
    assert "procedure (a integer, b text) language" in old


def test_two_functions_of_one_name_are_two_facts() -> None:
    one = F.format("a integer", "a integer", "integer", "f v f f f f u ", "x")
    other = F.format("a text", "a text", "integer", "f v f f f f u ", "x")
    assert len(form(one, other)) == 2
