"""The parts of a report: what they show, and that they show it safely."""

import re
from base64 import b64decode, b64encode
from hashlib import sha256
from html.parser import HTMLParser
from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from posemill.reports import (
    LANGUAGES,
    Html,
    Language,
    Moment,
    Series,
    Span,
    bar_chart,
    beside,
    document,
    facts,
    figure,
    heading,
    line_chart,
    notes,
    paragraph,
    section,
    table,
)
from posemill.reports.axes import clock, labels, ticks, time_labels, time_ticks

_HOSTILE = "<script>alert('1')</script>\" onload=\"x&amp;\u202egpj.exe\x00\ud800"
_TIME_S = np.arange(100) / 10


class _Page(HTMLParser):
    """What a browser makes of a page: its elements, and the text in each."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def all_parts(words: str) -> list[Html]:
    series = Series(words, _TIME_S)
    grey = np.full((20, 30, 3), 128, np.uint8)
    return [
        heading(words),
        paragraph(words),
        facts([(words, words)]),
        notes([("good", words), ("doubt", words)]),
        section(words, paragraph(words), new_page=True),
        table([words, words], [[words, 1.0]], words),
        line_chart(
            words,
            _TIME_S,
            [series, series],
            unit=words,
            moments=[Moment(1.0, words)],
            spans=[Span(2.0, 3.0, words)],
        ),
        bar_chart(words, [words], [Series(words, np.array([1.0]))], unit=words),
        beside(figure(grey, words, alt=words)),
    ]


def test_whatever_text_says_it_stays_text() -> None:
    page = document(_HOSTILE, all_parts(_HOSTILE), footer=_HOSTILE)
    page.encode()  # broken Unicode would fail
    seen = _Page(page)
    harmless = _Page(document("title", all_parts("words"), footer="footer"))
    assert [tag for tag, _ in seen.tags] == [tag for tag, _ in harmless.tags]
    attributes = {name for _, attributes in seen.tags for name in attributes}
    assert attributes == {name for _, attributes in harmless.tags for name in attributes}
    assert not attributes & {"onload", "style"}
    assert "\u202e" not in page
    assert "\x00" not in page
    assert "<script>alert('1')</script>\" onload=\"x&amp;\\u202egpj.exe\\x00\\ud800" in seen.words


@given(st.text())
def test_any_text_makes_sound_markup(words: str) -> None:
    for part in (paragraph(words), line_chart(words, _TIME_S, [Series(words, _TIME_S)])):
        ElementTree.fromstring(part)


def test_nothing_is_fetched_and_nothing_runs() -> None:
    page = document("title", all_parts("words"))
    seen = _Page(page)
    assert not {"script", "iframe", "object", "base", "form"} & {tag for tag, _ in seen.tags}
    addresses = [
        value
        for _, attributes in seen.tags
        for name, value in attributes.items()
        if name in ("src", "href", "action", "xlink:href", "srcset")
    ]
    assert all(value is not None and value.startswith("data:") for value in addresses)
    assert not re.search(r"url\(|@import|https?://", page)


def test_the_policy_allows_its_own_style_alone() -> None:
    page = document("title", [])
    style = re.search("<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    digest = b64encode(sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in page
    assert "default-src 'none'" in page


def test_the_same_parts_make_the_same_page() -> None:
    assert document("title", all_parts("a")) == document("title", all_parts("a"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_languages(language: Language) -> None:
    chart = line_chart("t", _TIME_S, [Series("a", _TIME_S * np.nan)], language=language)
    page = document("t", [chart, notes([("bad", "x")], language)], language)
    assert f'lang="{"zh-Hans" if language == "zh" else "en"}"' in page
    assert ("时间" in page) == (language == "zh")
    assert ("nothing is known" in page) == (language == "en")
    assert ("Bad" in page) == (language == "en")


def test_a_table_aligns_numbers_and_says_what_is_unknown() -> None:
    made = table(["name", "value"], [["a", 1.25], ["b", None], ["c", float("nan")], ["d", 3]])
    cells = re.findall("<td[^>]*>(.*?)</td>", made)
    assert cells == ["1.2", "\N{EN DASH}", "\N{EN DASH}", "3"]
    assert made.count("class=number") == 5
    assert "<th scope=row>a</th>" in made


def test_a_gap_breaks_the_line_and_a_lone_point_is_a_dot() -> None:
    values = np.array([1, 2, np.nan, 4, np.nan, 5, 6.0])
    made = line_chart("t", np.arange(7.0), [Series("a", values)])
    path = re.search('class="line s0" d="(.*?)"', made)
    assert path is not None
    parts = path[1].split("M")[1:]
    assert [len(part.split("L")) for part in parts] == [2, 2, 2]
    assert len(set(parts[1].split("L"))) == 1


def test_a_band_where_it_is_known() -> None:
    values = np.array([1, 2, 3, np.nan, 5, 6.0])
    made = line_chart("t", np.arange(6.0), [Series("a", values, values - 1, values + 1)])
    band = re.search('class="band s0" d="(.*?)"', made)
    assert band is not None
    assert band[1].count("Z") == 2


def test_what_rounds_to_nothing_has_no_sign() -> None:
    chart = bar_chart("Tilt", ["trunk"], [Series("tilt", np.array([-0.2]))])
    assert ">0\N{DEGREE SIGN}<" in chart


def test_of_many_points_no_peak_is_lost() -> None:
    values = np.random.default_rng(0).normal(size=20_000)
    values[12_345] = 40.0
    made = line_chart("t", np.arange(20_000) / 30, [Series("a", values)])
    assert len(made) < 80_000
    path = re.search('class="line s0" d="(.*?)"', made)
    assert path is not None
    heights = [float(point.split()[1]) for point in path[1].lstrip("M").split("L")]
    near = sorted(heights)
    assert near[1] - near[0] > 100


def test_no_data_at_all() -> None:
    empty = np.empty(0)
    assert "nothing is known" in line_chart("t", empty, [Series("a", empty)])
    assert "nothing is known" in line_chart("t", empty, [])
    assert "svg" in bar_chart("t", [], [])
    one = np.array([3.0])
    assert "nothing" not in line_chart("t", one, [Series("a", one)])


def test_a_picture_comes_as_jpeg_small_enough() -> None:
    made = figure(np.zeros((3000, 1500, 3), np.uint8), "<b>")
    data = re.search('base64,(.*?)"', made)
    assert data is not None
    with Image.open(BytesIO(b64decode(data[1]))) as image:
        assert (image.format, image.size) == ("JPEG", (450, 900))
    assert "&lt;b&gt;" in made


@given(
    st.floats(-1e6, 1e6, allow_subnormal=False),
    st.floats(1e-3, 1e6, allow_subnormal=False),
    st.integers(2, 12),
)
def test_ticks_are_few_round_and_inside(low: float, length: float, most: int) -> None:
    high = low + length
    found = ticks(low, high, most)
    assert len(found) <= most
    assert all(low - 1e-6 * length <= each <= high + 1e-6 * length for each in found)
    times = time_ticks(low, high, most)
    assert len(times) <= most


def test_labels() -> None:
    assert labels([0.0, 0.5, 1.0]) == ["0.0", "0.5", "1.0"]
    assert labels([-20.0, 0.0, 20.0]) == ["\N{MINUS SIGN}20", "0", "20"]
    assert labels([7.0]) == ["7"]
    assert time_labels([0.0, 60.0], 119.0) == ["0:00", "1:00"]
    assert time_ticks(0, 300) == [0, 60, 120, 180, 240, 300]
    assert clock(3725) == "1:02:05"
