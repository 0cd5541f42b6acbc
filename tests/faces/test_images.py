"""Bytes that anybody may send: a picture of bounded size comes out, or the reason why not."""

import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from face_engine import ImageProblem, UnusableImage, decode_image, encode_jpeg
from tests.faces import picture_bytes as files


def reason(raw: bytes, **limits: int) -> ImageProblem:
    with pytest.raises(UnusableImage) as caught:
        decode_image(raw, **limits)
    assert str(caught.value).endswith((".", "accepted."))
    return caught.value.reason


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_each_accepted_kind_is_read(suffix: str) -> None:
    image = decode_image(files.encoded(files.marked(), suffix))
    assert image.shape == (300, 400, 3)
    assert files.red_corner(image) == "top-left"


@pytest.mark.parametrize("size", [(400, 300), (4000, 3000)])
@pytest.mark.parametrize(
    ("orientation", "corner"), [(1, "top-left"), (3, "bottom-right"), (6, "top-right"), (8, "bottom-left")]
)
def test_the_way_the_camera_was_held_is_obeyed(size: tuple[int, int], orientation: int, corner: str) -> None:
    image = decode_image(files.jpeg_with_exif(files.marked(*size), orientation))
    assert files.red_corner(image) == corner
    assert max(image.shape) == min(size[0], 1280)


def test_large_pictures_come_out_bounded() -> None:
    assert decode_image(files.encoded(files.marked(3000, 1500))).shape == (640, 1280, 3)
    assert decode_image(files.encoded(files.marked(900, 300)), max_side_px=300).shape == (100, 300, 3)


def test_writing_again_keeps_no_metadata() -> None:
    raw = files.jpeg_with_exif(files.marked(), 6)
    again = encode_jpeg(decode_image(raw))
    assert b"Exif" in raw
    assert b"Exif" not in again
    assert decode_image(again).shape == (400, 300, 3)


def test_grey_transparent_and_sixteen_bit_pictures_become_plain_colour() -> None:
    image = files.marked()
    alpha = np.dstack([image, image[:, :, :1]])
    for odd in (image[:, :, 0], alpha, alpha.astype(np.uint16) * 257):
        decoded = decode_image(files.encoded(odd, ".png"))
        assert decoded.shape == (300, 400, 3)
        assert decoded.dtype == np.uint8


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", ImageProblem.EMPTY),
        (b"hello", ImageProblem.NOT_AN_IMAGE),
        (b"GIF89a" + bytes(100), ImageProblem.NOT_AN_IMAGE),
        (b"\x00\x00\x00\x18ftypheic" + bytes(50), ImageProblem.HEIC),
        (b"\x00\x00\x00\x18ftypavif" + bytes(50), ImageProblem.HEIC),
        (bytes(8_000_001), ImageProblem.TOO_MANY_BYTES),
        (files.png_bomb(5_000), ImageProblem.TOO_MANY_PIXELS),
        (files.webp_canvas(16_000, 16_000), ImageProblem.TOO_MANY_PIXELS),
        (files.webp_canvas(400, 300, flags=2), ImageProblem.ANIMATED),
        (files.webp_canvas(400, 300), ImageProblem.DAMAGED),
        (files.jpeg_of_many_scans(500), ImageProblem.TOO_MANY_PIXELS),
        (files.encoded(files.marked(40, 400)), ImageProblem.TOO_FEW_PIXELS),
        (files.encoded(files.marked())[:-2], ImageProblem.DAMAGED),
        (files.encoded(files.marked())[:200], ImageProblem.DAMAGED),
        (files.encoded(files.marked(), ".png")[:-20], ImageProblem.DAMAGED),
        (files.encoded(files.marked(), ".webp")[:-20], ImageProblem.DAMAGED),
        (b"\xff\xd8\xff", ImageProblem.DAMAGED),
    ],
)
def test_what_cannot_be_used_says_why(raw: bytes, expected: ImageProblem) -> None:
    assert reason(raw) is expected


def test_the_caller_sets_the_limits() -> None:
    raw = files.encoded(files.marked())
    assert reason(raw, max_bytes=100) is ImageProblem.TOO_MANY_BYTES
    assert reason(raw, max_pixels=119_999) is ImageProblem.TOO_MANY_PIXELS
    assert decode_image(raw, max_pixels=120_000).shape == (300, 400, 3)


def test_a_jpeg_with_a_second_size_inside_is_refused() -> None:
    raw = files.encoded(files.marked())
    at = raw.index(b"\xff\xc0")
    frame = raw[at : at + 2 + int.from_bytes(raw[at + 2 : at + 4], "big")]
    assert reason(raw[:at] + frame + raw[at:]) is ImageProblem.DAMAGED


def test_a_bomb_is_refused_before_it_costs_anything(tmp_path_factory: pytest.TempPathFactory) -> None:
    """In a process of its own, whose peak of memory shows what the refusal took."""
    bomb = tmp_path_factory.mktemp("bomb") / "bomb.png"
    bomb.write_bytes(files.png_bomb(20_000))
    script = (
        "import resource, sys\nfrom pathlib import Path\nfrom face_engine import UnusableImage, decode_image\n"
        "raw = Path(sys.argv[1]).read_bytes()\npeak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = peak()\n"
        "try:\n    decode_image(raw)\nexcept UnusableImage as refused:\n    print(refused.reason, peak() - before)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(bomb)], capture_output=True, text=True, check=True)
    refused, grown_kib = done.stdout.split()
    assert refused == ImageProblem.TOO_MANY_PIXELS
    assert int(grown_kib) < 2_000


def test_the_largest_picture_that_is_accepted_is_read_quickly() -> None:
    raw = files.encoded(files.marked(5_600, 4_200))
    began = time.process_time()
    assert decode_image(raw).shape == (960, 1280, 3)
    assert time.process_time() - began < 2.0


HEADS = st.sampled_from(
    [b"", b"\xff\xd8\xff", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"RIFF\x10\x00\x00\x00WEBPVP8X"]
)


@settings(deadline=None)
@given(head=HEADS, body=st.binary(max_size=400))
def test_random_bytes_are_refused_in_plain_words(head: bytes, body: bytes) -> None:
    with pytest.raises(UnusableImage):
        decode_image(head + body)


@settings(deadline=None, max_examples=150)
@given(
    suffix=st.sampled_from([".jpg", ".png", ".webp"]),
    spoilt=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=8),
)
def test_a_spoilt_file_is_read_within_bounds_or_refused(suffix: str, spoilt: list[tuple[float, int]]) -> None:
    raw = bytearray(files.encoded(files.marked(160, 120), suffix))
    for place, change in spoilt:
        raw[int(place * len(raw))] ^= change
    try:
        image = decode_image(bytes(raw))
    except UnusableImage:
        return
    assert image.dtype == np.uint8
    assert image.shape[2] == 3
    assert max(image.shape) <= 1280
