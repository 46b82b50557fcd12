"""What is read from the layers of an image, on archives that are written here."""

import gzip
import io
import json
import tarfile

import pytest

from book.measure.contents import Hidden, Part, read


def layer(**files):
    """A layer's archive: path → its bytes, `None` for a folder, or a text for a second name of another file."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path, content in files.items():
            header = tarfile.TarInfo(path)
            if content is None:
                header.type = tarfile.DIRTYPE
            elif isinstance(content, str):
                header.type, header.linkname = tarfile.LNKTYPE, content
            else:
                header.size = len(content)
            archive.addfile(header, io.BytesIO(content) if isinstance(content, bytes) else None)
    return packed.getvalue()


def image(*layers, history=None, **options):
    """Read an image of these layers, which lie in its archive in no order of theirs and before the manifest, as Docker writes it."""
    history = history or [{"created_by": f"RUN {number}"} for number, _ in enumerate(layers, start=1)]
    names = [f"blobs/sha256/{number}" for number, _ in enumerate(layers)]
    members = dict(reversed(list(zip(names, layers, strict=True))))
    members |= {"blobs/sha256/c": json.dumps({"history": history}).encode(), "index.json": b"{}"}
    members["manifest.json"] = json.dumps([{"Config": "blobs/sha256/c", "Layers": names}]).encode()
    return read("x", ((tarfile.TarInfo(name), io.BufferedReader(io.BytesIO(data))) for name, data in members.items()), **options)


def test_a_layer_has_its_instruction_and_its_largest_files_and_folders():
    history = [{"created_by": "ADD base"}, {"created_by": "ENV A=b", "empty_layer": True}, {"created_by": "RUN it"}]
    below, ours = image(
        layer(old=b"1"),
        layer(**{"./usr/lib/a/big": b"1" * 70, "usr/lib/b/small": b"1" * 30, "usr/lib/a/link": "usr/lib/a/big"}),
        history=history,
        base_steps=2,
    ).layers
    assert (below.instruction, below.from_base) == ("ADD base", True)
    assert (ours.instruction, ours.from_base, ours.size, ours.files) == ("RUN it", False, 100, 3)
    assert ours.largest_files == (Part("/usr/lib/a/big", 70), Part("/usr/lib/b/small", 30))
    assert ours.largest_folders == (Part("/usr/lib/", 100), Part("/usr/lib/a/", 70), Part("/usr/lib/b/", 30))  # /usr/ is only the way


def test_a_file_that_is_overwritten_is_wasted_where_it_lay_first():
    found = image(layer(file=b"1" * 10), layer(other=b"1"), layer(file=b"1" * 29))
    assert [one.hidden for one in found.layers] == [(Hidden("/file", 10, 2, deleted=False),), (), ()]
    assert (found.wasted, found.efficiency) == (10, 0.75)


def test_a_file_that_is_deleted_is_wasted_whole():
    found = image(layer(**{"a/file": b"1" * 10, "a/kept": b"1" * 30}), layer(**{"a/": None, "a/.wh.file": b""}))
    assert found.layers[0].hidden == (Hidden("/a/file", 10, 1, deleted=True),)
    assert found.layers[1].size == 0
    assert found.efficiency == 0.75


@pytest.mark.parametrize("marks", [{".wh.a": b""}, {"a/.wh..wh..opq": b"", "a/new": b"1"}, {"a/new": b"1", "a/.wh..wh..opq": b""}])
def test_a_folder_that_is_deleted_or_emptied_is_wasted_with_all_below_it_and_for_each_layer_that_wrote_into_it(marks):
    found = image(
        layer(**{"a/one": b"1" * 10, "a/b/two": b"1" * 5}), layer(**{"a/three": b"1" * 3}), layer(**marks), layer(**{".wh.a": b""})
    )
    assert found.layers[0].hidden == (Hidden("/a/", 15, 2, deleted=True),)
    assert found.layers[1].hidden == (Hidden("/a/", 3, 2, deleted=True),)
    assert found.layers[2].wasted == found.layers[2].size  # what is new beside an opaque mark is not hidden by it, but by the last layer


def test_a_file_in_the_place_of_a_folder_hides_what_was_in_it_and_the_other_way_round():
    assert image(layer(**{"a/one": b"1" * 10}), layer(a=b"1")).layers[0].hidden == (Hidden("/a/", 10, 1, deleted=False),)
    assert image(layer(a=b"1" * 10), layer(**{"a/": None, "a/one": b"1"})).layers[0].hidden == (Hidden("/a", 10, 1, deleted=False),)


def test_bytes_with_two_names_are_wasted_when_both_are_gone():
    first = layer(one=b"1" * 10, two="one")
    assert image(first, layer(**{".wh.one": b""})).wasted == 0
    assert image(first, layer(**{".wh.one": b""}), layer(two=b"")).layers[0].hidden == (Hidden("/two", 10, 2, deleted=False),)


def test_folders_that_come_again_and_deletions_of_nothing_waste_nothing():
    assert image(layer(**{"a/one": b"1"}), layer(**{"a/": None, ".wh.nothing": b"", "no/.wh.where": b""})).wasted == 0


def test_a_layer_that_is_packed_is_read_as_well():
    assert image(gzip.compress(layer(file=b"1" * 10))).layers[0].size == 10


def test_an_engine_that_saves_a_layer_once_links_to_it_where_it_comes_again():
    link = tarfile.TarInfo("b/layer.tar")
    link.type, link.linkname = tarfile.SYMTYPE, "../a/layer.tar"
    manifest = json.dumps([{"Config": "c.json", "Layers": ["a/layer.tar", "b/layer.tar"]}]).encode()
    files = {"a/layer.tar": layer(file=b"1" * 10), "c.json": b"{}", "manifest.json": manifest, "repositories": b"{}", "a/VERSION": b"1.0"}
    members = [(tarfile.TarInfo(name), io.BufferedReader(io.BytesIO(data))) for name, data in files.items()]
    found = read("x", [(link, None), *members])
    assert [one.wasted for one in found.layers] == [10, 0]
    assert [one.instruction for one in found.layers] == ["", ""]  # its history is not told


def test_an_image_of_nothing_is_efficient():
    assert image(layer()).efficiency == 1.0
