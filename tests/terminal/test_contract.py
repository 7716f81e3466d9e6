"""Textual's private ground that we stand on. A failure here means: read the new source before changing the names.

Each test says what would break, so that a new Textual is refused by this file and not by a user's terminal.
"""

from __future__ import annotations

import ast
import inspect
import textwrap

import pytest
from rich.style import Style
from textual import _compositor, _parser, constants
from textual._compositor import ChopsUpdate, Compositor, LayoutUpdate
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.driver import Driver
from textual.drivers import linux_driver
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Region
from textual.screen import Screen

from tui.screen.terminal.display import UnbrokenDisplay
from tui.screen.terminal.reader import KeyReader


def names_in(function: object) -> set[str]:
    """Every name and attribute that a function's source speaks of."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))  # type: ignore[arg-type]
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return names | {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def literals_in(function: object) -> set[str]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))  # type: ignore[arg-type]
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_every_frame_passes_display() -> None:
    assert list(inspect.signature(App._display).parameters) == ["self", "screen", "renderable"]
    assert "_display" in names_in(Screen._compositor_refresh)
    assert {"_batch_count", "_running", "_closed", "post_display_hook", "cursor_position"} <= names_in(App._display)


def test_updates_have_the_shape_that_is_read() -> None:
    assert list(inspect.signature(LayoutUpdate.__init__).parameters) == ["self", "strips", "region"]
    assert list(inspect.signature(ChopsUpdate.__init__).parameters) == ["self", "chops", "spans", "chop_ends"]
    update = LayoutUpdate([], Region(0, 0, 3, 4))
    assert update.region.size == (3, 4)
    kinds = {
        name
        for name, kind in vars(_compositor).items()
        if inspect.isclass(kind) and issubclass(kind, _compositor.CompositorUpdate)
    }
    assert kinds == {"CompositorUpdate", "LayoutUpdate", "ChopsUpdate", "InlineUpdate"}, "a new kind of frame"
    assert "ChopsUpdate" in names_in(Compositor.render_partial_update)
    assert "LayoutUpdate" in names_in(Compositor.render_full_update)


def test_an_app_has_the_fields() -> None:
    app: UnbrokenDisplay[None] = UnbrokenDisplay()
    for name in (
        "_driver",
        "_batch_count",
        "_running",
        "_closed",
        "_sync_available",
        "_exit_renderables",
        "_exception",
    ):
        assert hasattr(app, name), name
    assert isinstance(app._exit_renderables, list)
    assert app.console._color_system is not None or app.console.is_dumb_terminal
    assert isinstance(app.no_color, bool)


def test_a_crash_passes_fatal_error() -> None:
    assert list(inspect.signature(App._fatal_error).parameters) == ["self"]
    assert "_fatal_error" in names_in(App._handle_exception)
    assert callable(App._close_messages_no_wait)
    assert UnbrokenDisplay._fatal_error is not App._fatal_error
    # The other way of showing a traceback, from the input thread, is our driver's own.
    assert "_run_input_thread" in names_in(LinuxDriver.start_application_mode)


def test_a_style_tells_its_parts() -> None:
    style = Style(bold=True, color="red", bgcolor="blue", link="https://example.org/")
    assert style._attributes & style._set_attributes == 1
    assert style._color is not None
    assert style._bgcolor is not None
    assert style._link == "https://example.org/"


def test_the_driver_is_built_as_ours_expects() -> None:
    assert list(inspect.signature(LinuxDriver.__init__).parameters) == ["self", "app", "debug", "mouse", "size"]
    started = names_in(LinuxDriver.start_application_mode)
    assert "send_size_event" in started, "that is how the display knows that all must be painted again"
    assert {"WriterThread", "_writer_thread", "_key_thread", "write", "_enable_mouse_support"} <= started
    assert {"exit_event", "_key_thread", "join", "_disable_mouse_support"} <= names_in(LinuxDriver.disable_input)
    assert "disable_input" in names_in(LinuxDriver.stop_application_mode)
    assert {"_sigtstp_application", "_sigcont_application"} <= names_in(LinuxDriver.__init__)
    assert {"stop_application_mode", "close"} <= names_in(Driver.suspend_application_mode)
    assert {"_writer_thread"} <= names_in(LinuxDriver.close), "ours replaces it whole"
    # Everything that writes does it through write(), or it would pass our thread by.
    for name, function in inspect.getmembers(LinuxDriver, inspect.isfunction):
        if name not in {"write", "close", "__init__", "start_application_mode"}:
            assert "_writer_thread" not in names_in(function), name


def test_the_kitty_flags_are_asked_as_we_rewrite_them() -> None:
    flags = (
        linux_driver.KITTY_DISAMBIGUATE_ESCAPE_CODES
        | linux_driver.KITTY_REPORT_ALL_KEYS
        | linux_driver.KITTY_REPORT_ASSOCIATED_TEXT
    )
    assert flags == 25
    assert {"\x1b[>", "u"} <= literals_in(LinuxDriver.start_application_mode)


def test_the_parser_can_be_told_to_give_up() -> None:
    parser = XTermParser()
    assert parser._timeout_time is None
    list(parser.feed("\x1b[99;99z"))
    assert isinstance(parser._timeout_time, float)
    assert "_timeout_time" in names_in(_parser.Parser.tick)
    list(KeyReader(0.1).feed("\x1b[99;99z", 0.0))


@pytest.mark.parametrize(
    "name", ["ESCAPE_DELAY", "COLOR_SYSTEM", "DEFAULT_THEME", "SMOOTH_SCROLL", "TEXTUAL_ANIMATIONS"]
)
def test_the_environment_is_read_at_import(name: str) -> None:
    assert hasattr(constants, name)
