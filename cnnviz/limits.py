"""The sizes beyond which a figure is refused, declared once; generous for a figure, small for a computer."""

MAX_SIDE = 512
"""Rows or columns of a grid, padding included."""

MAX_KERNEL = 64
"""Rows or columns of a kernel or window."""

MAX_VALUE = 1e9
"""Size of a number in a map or kernel: the largest that a cell or caption could still show."""

MAX_STEPS = 4096
"""Steps of an animation: 64 × 64 results."""

MAX_LIVE_STEPS = 1000
"""Steps of a figure that plays in the studio: about ten seconds until it does."""

MAX_STOPS = 1000
"""Places at which the point on a curve stops: a curve is drawn anew for each."""

MAX_COVERED = 100_000
"""Cells that a window covers in all steps together: each is a change to tell and to draw."""

MIN_WIDTH, MAX_WIDTH = 320, 3840
"""Pixels of a frame's width."""

MAX_PIXELS, MAX_PACKED_PIXELS, MAX_WHOLE_PIXELS = 2_200_000_000, 850_000_000, 500_000_000
"""Pixels of all pictures of a GIF, of an animation that takes longer to pack, WebP and APNG, and of one of which
every picture is stored whole: video, PNG frames."""

MAX_PAGES, MAX_PAGE_CELLS = 800, 1_300_000
"""Pages of a PDF, and cells on all of them: each page is drawn whole."""

LEAST_PIXELS = 500_000
"""What a smaller picture counts as: its words and cells take as long as in one of 960 × 540 pixels."""

MIN_FONT_SCALE, MAX_FONT_SCALE = 1.0, 2.0
"""How much larger all text may be."""

MAX_TWEEN, TWEEN, MOST_TWEENED = 30, 5, 60
"""Pictures in which a window moves from one place to the next: most, as usual, and up to how many steps in GIF, APNG
and WebP."""

LEAST_GLIDING = 500
"""Milliseconds of a step before which a window moves, where nobody says in how many pictures."""

MAX_SHEET, MAX_SHEET_PIXELS = 12, 100_000_000
"""Rows or columns of a contact sheet, and its pixels: one byte each."""

MAX_SECONDS = 600.0
"""Seconds that one step or the last frame may be held: a GIF stores at most 655."""

MAX_TITLE = 1000
"""Characters of a title: more would only be cut."""

MAX_FILE_BYTES = 64 * 2**20
"""Bytes of an input file."""

MAX_MODEL_BYTES = 512 * 2**20
"""Bytes of an ONNX model."""

MAX_LINES = 100_000
"""Lines of an input file, empty ones and comments included."""

MAX_TOML_BYTES = 8 * 2**20
"""Bytes of a figure set or a theme."""

MAX_IMAGE_PIXELS = 52_000_000
"""Pixels of an input image before it is resized: a camera's; WebP takes 17 bytes of memory for each."""

MAX_LAYERS = 16
"""Layers of a network: more would not be read."""

MAX_NETWORK_INPUT = 64
"""Rows or columns of a network's input."""

MAX_CHANNELS = 64
"""Channels of a map within a network."""

MAX_SHEETS = 2048
"""Channels or filters of an array: more than there are drawn, for what lies between is one sum."""

MAX_CLASSES = 50
"""Scores that a network may end in."""

MAX_WEIGHTS, MAX_PRODUCTS, MAX_MAP_VALUES = 1_000_000, 50_000_000, 500_000
"""Weights of a network, products of its forward run, and values in all its maps."""

MAX_SWEEP = 10_000
"""Figures of one sweep of a figure set."""
