"""What the image passes on to the images that are built on it, as the Dockerfile says it."""

from tests.harness.environment import ROOT

INSTRUCTIONS = [
    line for line in (ROOT / "Dockerfile").read_text().splitlines() if line[:1].isupper()
]
LAST_STAGE = INSTRUCTIONS[
    max(number for number, line in enumerate(INSTRUCTIONS) if line.startswith("FROM ")) :
]


def test_an_image_that_is_built_on_this_one_does_not_have_its_commit() -> None:
    """An ONBUILD line comes before every line of that image, which may name its own."""
    assert "ENV HEADSTART_IMAGE_REVISION=${REVISION}" in LAST_STAGE
    assert "ONBUILD ENV HEADSTART_IMAGE_REVISION=" in LAST_STAGE


def test_nor_does_it_run_the_project_of_this_one() -> None:
    assert "ONBUILD ENV HEADSTART_OWN_PROJECT=true" in LAST_STAGE


def test_onbuild_lines_are_those_of_the_stage_that_is_the_image() -> None:
    """In the first stage they would say nothing to anybody."""
    onbuild = [line for line in INSTRUCTIONS if line.startswith("ONBUILD ")]
    assert onbuild == [line for line in LAST_STAGE if line.startswith("ONBUILD ")]


def test_libpq_finds_the_certificates_of_the_base() -> None:
    """sslrootcert=system, which libpq's own messages recommend: its wheel looks elsewhere."""
    assert "ARG CA_FILE=/etc/ssl/certs/ca-certificates.crt" in LAST_STAGE
    assert "ENV SSL_CERT_FILE=${CA_FILE}" in LAST_STAGE
