"""Subtitles: an SRT file, and what of it is shown at some moments."""

from zppo.evals.subtitles import Subtitle, read_srt, shown_at

SRT = """\ufeff1
00:00:01,000 --> 00:00:02,500
<font color="white" size=".72c">Hi guys,</font>

2\r
00:00:02.500 --> 00:00:04,000\r
{\\an8}I'm going to\r
<i>show you</i>\r
\r
3
01:00:00,000 --> 01:00:01,000

not a block

4
00:01:00,000 --> 00:01:02,050
the end
"""


def test_marks_of_fonts_go_and_lines_are_joined() -> None:
    assert read_srt(SRT) == [
        Subtitle(1.0, 2.5, "Hi guys,"),
        Subtitle(2.5, 4.0, "I'm going to show you"),
        Subtitle(60.0, 62.05, "the end"),
    ]
    assert read_srt("") == []


def test_only_what_is_shown_at_a_sampled_frame_is_given_once_and_in_order() -> None:
    subtitles = read_srt(SRT)
    assert shown_at(subtitles, [0.0, 1.0, 2.0, 30.0, 61.0]) == ["Hi guys,", "the end"]
    assert shown_at(subtitles, [2.5]) == ["Hi guys,", "I'm going to show you"]
    assert shown_at(subtitles, []) == []
