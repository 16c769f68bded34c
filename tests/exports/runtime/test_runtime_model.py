"""Drawing samples and transforming images with a loaded model."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from ganworks_exports import runtime


@pytest.fixture
def generator(models, saved):
    return runtime.load(saved(models.generator()))


def pixels(seeds, labels, truncation=1.0):
    """What `models.generator` computes."""
    level = np.float32((7 * np.asarray(seeds) + 100 * np.asarray(labels)) % 200) * np.float32(truncation)
    weight = np.array([1, 2, 3, 4], np.float32).reshape(1, 2, 2, 1) / np.float32(10)
    return np.round(level.reshape(-1, 1, 1, 1) * weight).astype(np.uint8)


def test_classes_take_turns_by_the_seed(generator):
    images = generator.sample(5, seed=2)
    assert images.shape == (5, 2, 2, 1)
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(images, pixels([2, 3, 4, 5, 6], [0, 1, 0, 1, 0]))


def test_a_class_by_name_or_number(generator):
    np.testing.assert_array_equal(generator.sample(3, label="bright"), pixels([0, 1, 2], [1, 1, 1]))
    np.testing.assert_array_equal(generator.sample(3, label=0), pixels([0, 1, 2], [0, 0, 0]))


def test_seeds_one_by_one_and_truncation(generator):
    expected = pixels([9, 2**40], [1, 1], 0.5)
    np.testing.assert_array_equal(generator.sample([9, 2**40], label=1, truncation=0.5), expected)


@given(count=st.integers(1, 20), batch=st.integers(1, 25))
@settings(max_examples=20)
def test_the_batch_changes_nothing(models, tmp_path_factory, count, batch):
    path = tmp_path_factory.mktemp("model") / "model.onnx"
    path.write_bytes(models.generator().SerializeToString())
    labels = np.arange(count) % 2
    np.testing.assert_array_equal(
        runtime.load(path).sample(np.int64(count), batch=batch), pixels(np.arange(count), labels)
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"count": 0}, "at least 1"),
        ({"count": 1, "batch": 0}, "at least 1"),
        ({"count": []}, "at least 1"),
        ({"count": [0.5]}, "seeds are whole numbers from 0"),
        ({"count": 2, "seed": 2**63 - 1}, "seeds are whole numbers from 0"),
        ({"count": 1, "seed": -1}, "seeds are whole numbers from 0"),
        ({"count": 1, "label": "grey"}, "no class 'grey', but dark, bright"),
        ({"count": 1, "label": 2}, "'label' must lie between 0 and 1"),
        ({"count": 1, "truncation": 9}, "'truncation' must lie between 0 and 1.5"),
        ({"count": 1, "truncation": float("nan")}, "'truncation' must lie between"),
    ],
)
def test_what_cannot_be_drawn(generator, arguments, message):
    with pytest.raises(ValueError, match=message):
        generator.sample(**arguments)


def test_a_file_is_read_in_the_format_that_was_checked(models, saved):
    model = models.generator()
    model.producer_name = "ORTM"  # bytes 4 to 7 of the file: the mark of onnxruntime's own format
    path = saved(model)
    assert path.read_bytes()[4:8] == b"ORTM"
    assert len(runtime.load(path).sample(2, seed=2**63 - 3)) == 2


def test_run_takes_lists_and_fills_in_defaults(generator):
    np.testing.assert_array_equal(generator.run(seed=[3], label=[1]), pixels([3], [1]))
    np.testing.assert_array_equal(generator.run(seed=[3], label=[1], truncation=0), pixels([3], [1], 0))
    for inputs, message in (
        ({"seed": [3]}, "'label' is missing: class"),
        ({"seed": [3], "label": [1], "z": 1}, "no input 'z', but seed, label, truncation"),
        ({"seed": [[3]], "label": [1]}, r"'seed' must have the shape \(batch\), not \(1, 1\)"),
        ({"seed": [1, 2, 3], "label": [1, 0]}, "does not run on this"),
    ):
        with pytest.raises(ValueError, match=message):
            generator.run(**inputs)


def table(models):
    """Draws rows of a table: a number and a text."""
    weights = {
        "names": helper.make_tensor("names", TensorProto.STRING, [2], [b"non", "ouï".encode()]),
        "two": np.int64(2),
    }
    nodes = [
        models.node("Mod", "seed two", "place"),
        models.node("Gather", "names place", "smoker"),
        models.node("Cast", "seed", "age", to=TensorProto.FLOAT),
    ]
    outputs = [("age", "float32", ["batch"]), ("smoker", "string", ["batch"])]
    card = {"weights_sha256": ""}
    model = models.build(nodes, weights, [("seed", "int64", ["batch"])], outputs, **card)
    card = {"weights_sha256": runtime.weights_sha256(model.SerializeToString())}
    return models.build(nodes, weights, [("seed", "int64", ["batch"])], outputs, **card)


def test_several_outputs_with_texts(models, saved):
    path = saved(table(models))
    drawn = runtime.load(path).sample(3, batch=2)
    assert drawn["age"].tolist() == [0, 1, 2]
    assert drawn["smoker"].tolist() == ["non", "ouï", "non"]
    with pytest.raises(ValueError, match="has no classes"):
        runtime.load(path).sample(1, label=0)
    limited = runtime.run_limited(path, {"seed": [0, 1, 2]})
    assert limited["smoker"].tolist() == ["non", "ouï", "non"]


# -- from image to image ------------------------------------------------------------------------------------


class Recording:
    """An onnxruntime session that notes the sizes it is given."""

    def __init__(self, session):
        self.session, self.sizes = session, []

    def run(self, names, feed):
        self.sizes += [values.shape[1:3] for values in feed.values()]
        return self.session.run(names, feed)


@pytest.fixture(scope="module")
def loaded(models, tmp_path_factory):
    def load(kind):
        path = tmp_path_factory.mktemp(kind) / "model.onnx"
        path.write_bytes(models.filters(kind).SerializeToString())
        model = runtime.load(path)
        model._session = Recording(model._session)
        return model

    return {kind: load(kind) for kind in ("plain", "strided", "global")}


def noise(height, width, seed=1):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 1)).astype(np.uint8)


def test_a_whole_image(loaded):
    image = noise(9, 14)
    doubled = loaded["plain"].transform(image)
    assert doubled.shape == (18, 28, 1)
    np.testing.assert_array_equal(doubled, loaded["plain"].run(image=image[None])[0])


def test_sides_that_are_no_multiples_are_continued_in_a_mirror_and_cropped(loaded):
    image = noise(9, 14)
    padded = np.pad(image, ((0, 3), (0, 2), (0, 0)), mode="reflect")
    expected = loaded["strided"].run(image=padded[None])[0, :9, :14]
    np.testing.assert_array_equal(loaded["strided"].transform(image), expected)
    assert loaded["strided"].transform(noise(1, 1)).shape == (1, 1, 1)


def test_the_halo_is_that_of_the_filters(loaded):
    assert loaded["plain"].measure_halo() == 2  # two filters of 3x3
    assert loaded["strided"].measure_halo() == 4  # 1 + 2 pixels, in steps of the strides
    assert loaded["plain"].measure_halo(limit=2) == 2
    with pytest.raises(ValueError, match="no halo up to 1 pixels"):
        loaded["plain"].measure_halo(limit=1)


def test_a_network_that_sees_the_whole_image_is_told(loaded):
    with pytest.raises(ValueError, match="no halo up to 64 pixels"):
        loaded["global"].measure_halo()
    with pytest.raises(ValueError, match="transform without tiles"):
        loaded["global"].transform(noise(40, 40), tile=16)
    assert loaded["global"].transform(noise(40, 40)).shape == (80, 80, 1)


@given(
    kind=st.sampled_from(["plain", "strided"]),
    height=st.integers(1, 60),
    width=st.integers(1, 60),
    tile=st.integers(1, 70),
    halo=st.integers(4, 9),
)
@settings(max_examples=60, deadline=None)
def test_tiles_equal_the_whole_image(loaded, kind, height, width, tile, halo):
    image = noise(height, width, seed=height)
    whole = loaded[kind].transform(image)
    loaded[kind]._session.sizes.clear()
    tiled = loaded[kind].transform(image, tile=tile, halo=halo)
    assert np.abs(tiled.astype(int) - whole).max() <= 1
    (size,) = set(loaded[kind]._session.sizes)
    assert max(size) <= tile + 2 * halo + 9  # tile and halo are rounded up to multiples of 4


@pytest.mark.parametrize("kind", ["plain", "strided"])
def test_the_halo_is_measured_where_none_is_given(loaded, kind):
    image = noise(50, 30)
    tiled = loaded[kind].transform(image, tile=12)
    assert np.abs(tiled.astype(int) - loaded[kind].transform(image)).max() <= 1


def test_too_small_a_halo_shows(loaded):
    image = noise(40, 40)
    gap = loaded["plain"].transform(image, tile=16, halo=0) - loaded["plain"].transform(image).astype(int)
    assert np.abs(gap).max() > 1


@pytest.mark.parametrize(
    ("image", "arguments", "message"),
    [
        (noise(8, 8)[..., 0], {}, r"shape \(8, 8\), not \(height, width, 1\)"),
        (noise(8, 8).repeat(3, 2), {}, r"not \(height, width, 1\)"),
        (noise(8, 8)[:0], {}, "not"),
        (noise(8, 8) / 255, {}, "'image' must be uint8, not float64"),
        (noise(8, 8), {"tile": 0}, "at least one pixel"),
        (noise(8, 8), {"tile": 4, "halo": -1}, "cannot be negative"),
    ],
)
def test_images_that_do_not_fit(loaded, image, arguments, message):
    with pytest.raises(ValueError, match=message):
        loaded["plain"].transform(image, **arguments)


def test_models_that_are_not_for_images(generator):
    with pytest.raises(ValueError, match="does not map one image to one image"):
        generator.transform(noise(8, 8))


def test_an_image_of_one_size(models, saved):
    ports = [("image", "uint8", ["batch", 8, 8, 1])], [("out", "uint8", ["batch", 8, 8, 1])]
    model = runtime.load(saved(models.build([models.node("Identity", "image", "out")], {}, *ports)))
    np.testing.assert_array_equal(model.transform(noise(8, 8)), noise(8, 8))
    with pytest.raises(ValueError, match="of one size only"):
        model.transform(noise(8, 8), tile=4)
    with pytest.raises(ValueError, match="does not run on this"):
        model.transform(noise(9, 9))


def test_several_threads_and_an_operator_that_onnxruntime_objects_to(models, saved):
    path = saved(models.generator())
    np.testing.assert_array_equal(
        runtime.load(path, threads=2, spinning=True).sample(4), runtime.load(path).sample(4)
    )
    model = models.generator()
    model.graph.node.append(helper.make_node("Relu", ["nothing"], ["x"]))
    with pytest.raises(runtime.ModelRefused, match="onnxruntime cannot load it"):
        runtime.load(saved(model))
