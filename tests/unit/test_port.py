"""Ports are read in one place, in whatever file they are, and only TCP counts as TCP."""

import pytest

from book.files.port import Port, ports, tcp


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("80/tcp", [Port(80)]),
        ("53/udp", [Port(53, "udp")]),
        ("53/UDP", [Port(53, "udp")]),
        ("132/sctp", [Port(132, "sctp")]),
        ("9000", [Port(9000)]),
        (9000, [Port(9000)]),
        ("8000-8002/udp", [Port(8000, "udp"), Port(8001, "udp"), Port(8002, "udp")]),
        ({"target": 80, "protocol": "tcp"}, [Port(80)]),
        ({"target": 80, "published": "8000-8010", "host_ip": "127.0.0.1", "protocol": "udp"}, [Port(80, "udp", "127.0.0.1", "8000-8010")]),
    ],
)
def test_an_entry_gives_its_ports(entry, expected):
    assert list(ports([entry])) == expected


def test_no_other_protocol_counts_as_tcp():
    assert tcp({"53/tcp": {}, "54/udp": {}, "55/sctp": {}, "56": {}}) == (53, 56)
    assert tcp(None) == ()


def test_the_place_of_a_port_on_this_machine_has_the_address_only_if_one_is_given():
    assert Port(80, "tcp", "127.0.0.1", "8080").place == "127.0.0.1:8080"
    assert Port(80, "tcp", None, "8080").place == "8080"
    assert Port(80).place == ""
