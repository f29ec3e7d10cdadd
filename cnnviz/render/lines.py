"""Where the lines of text around the stage stand, and how large they are."""

from __future__ import annotations

from cnnviz.record import Record

TITLE_SIZE, TEXT_SIZE, NOTE_SIZE = 28, 20, 18
_BARE_MARGIN = 24


class Lines(Record, kw_only=True):
    """What stands above and below the stage, in pixels from the frame's top, where texts are `scale` times as large.

    `under` lines stand under the title.
    """

    unit: float
    scale: float = 1.0
    under: int = 0

    def _at(self, fixed: float, growing: float) -> int:
        return max(1, round((fixed + growing * self.scale) * self.unit))

    def size(self, pixels: float) -> float:
        """The size of a text that is given for the default width and the default size of texts."""
        return pixels * self.unit * self.scale

    @property
    def title(self) -> int:
        """The title's baseline."""
        return self._at(34, 14)

    @property
    def settings(self) -> int:
        """The baseline of the settings."""
        return self._at(31, 14)

    def note(self, line: int) -> int:
        """The baseline of a line under the title."""
        return self._at(34, 38 + 22 * line)

    @property
    def head(self) -> int:
        """Where the head ends."""
        return self._at(34, 44 + 22 * max(0, self.under - 1))

    @property
    def _under(self) -> int:
        return 16 + 22 * (self.under - 1) if self.under else 0

    @property
    def stage_top(self) -> int:
        """Where the stage begins; its panels may reach into the head."""
        return self._at(48, 22 + self._under)

    @property
    def stage_height(self) -> int:
        """How high the stage is."""
        return self._at(453, -67 - self._under)

    @property
    def band(self) -> int:
        """Where the band begins."""
        return self._at(507, -45)

    @property
    def caption(self) -> int:
        """The caption's baseline."""
        return self._at(518, -29)

    @property
    def formula(self) -> int:
        """The formula's baseline, and the counter's."""
        return self._at(530, -6)


class BareLines(Lines):
    """Nothing above and below the stage, which fills the frame."""

    @property
    def head(self) -> int:
        """At the top."""
        return 0

    @property
    def stage_top(self) -> int:
        """A margin from the top."""
        return self._at(_BARE_MARGIN, 0)

    @property
    def stage_height(self) -> int:
        """All but the margins."""
        return self._at(540 - 2 * _BARE_MARGIN, 0)

    @property
    def band(self) -> int:
        """At the bottom."""
        return self._at(540, 0)
