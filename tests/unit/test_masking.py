"""Secrets are not written down; what only looks like one is."""

from typing import Any

import pytest

from zppo.config import FallbackConfig, TeacherConfig
from zppo.masking import masked, masked_options, masked_urls


@pytest.mark.parametrize(
    "name",
    ["hub_token", "token", "api_key", "apiKey", "x-api-key", "Authorization", "password", "db_passwd", "client_secret"],
)
def test_values_of_secret_options_are_masked(name: str) -> None:
    assert masked({"a": {name: "hf_1"}}) == {"a": {name: "***"}}
    assert masked({name: None}) == {name: None}


@pytest.mark.parametrize(
    "name", ["max_tokens", "api_key_env", "compression_tokens", "eos_token_id", "monkey", "tokens"]
)
def test_other_options_stay(name: str) -> None:
    assert masked({name: "OPENAI"}) == {name: "OPENAI"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://h/a.png?sig=1&b=2", "https://h/a.png?***"),
        ("https://me:pw@h:8/a.png", "https://***@h:8/a.png"),
        ("see s3://key:pw@b/x#t and http://h/v1.", "see s3://***@b/x#*** and http://h/v1."),
        ("'https://h/?q=1' failed", "'https://h/?***' failed"),
        ("https://h/a@b", "https://h/a@b"),
        ("no url: a?b=c", "no url: a?b=c"),
    ],
)
def test_urls_are_shown_without_password_and_query(text: str, shown: str) -> None:
    assert masked_urls(text) == shown


def test_sections_and_lists_are_masked_within() -> None:
    dear = FallbackConfig(endpoint="http://h/v1", extra_body={"api_key": "k"})
    section: Any = masked(
        TeacherConfig(endpoint="http://h/v1", fallbacks=(dear,), extra_body={"auth": [{"token": "t"}], "k": 1})
    )
    assert section.fallbacks[0].extra_body == {"api_key": "***"}
    assert section.extra_body == {"auth": [{"token": "***"}], "k": 1}
    assert dear.extra_body == {"api_key": "k"}


def test_what_was_masked_is_found_again_by_its_name() -> None:
    config = masked({"training": {"hub_token": "hf_1"}, "data": {"train": "https://a:b@h/x"}, "seed": 0})
    assert masked_options(config) == ["training.hub_token", "data.train"]
