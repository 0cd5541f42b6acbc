"""Ports: occupied ones are stepped around, choices are remembered."""

import socket
from pathlib import Path

from anmen.free_ports import PortBook, is_free


def occupied() -> socket.socket:
    """A port somebody listens on."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener


def test_an_occupied_port_is_stepped_around(tmp_path: Path) -> None:
    with occupied() as somebody:
        taken = somebody.getsockname()[1]
        port = PortBook().claim("http", taken)
        assert port != taken
        assert is_free(port)
        assert not is_free(taken)


def test_the_choice_is_remembered_while_it_is_free(tmp_path: Path) -> None:
    book = tmp_path / "ports.json"
    with occupied() as somebody:
        taken = somebody.getsockname()[1]
        chosen = PortBook(book).claim("http", taken)
    assert PortBook(book).claim("http", taken) == chosen


def test_a_remembered_port_that_somebody_took_is_left_to_him(tmp_path: Path) -> None:
    book = tmp_path / "ports.json"
    with occupied() as somebody:
        taken = somebody.getsockname()[1]
        book.write_text(f'{{"http": {taken}}}')
        chosen = PortBook(book).claim("http", 8000)
        assert chosen != taken
    assert PortBook(book).claim("http", 8000) == chosen


def test_no_port_is_given_twice() -> None:
    book = PortBook()
    ports = [book.claim(f"any-{number}") for number in range(50)]
    assert len(set(ports)) == 50
    assert book.claim("next", ports[0]) not in ports


def test_a_broken_book_is_begun_anew(tmp_path: Path) -> None:
    for text in ("{", "[]", '{"http": "x"}'):
        (tmp_path / "ports.json").write_text(text)
        assert PortBook(tmp_path / "ports.json").claim("http") > 0
