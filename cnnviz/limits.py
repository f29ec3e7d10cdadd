"""Limits beyond which a figure is refused: generous for a figure, small for a computer."""

MAX_SIDE = 512
"""Rows or columns of a grid, padding included."""

MAX_KERNEL = 64
"""Rows or columns of a kernel or window."""

MAX_VALUE = 1e9
"""Largest number in a map or kernel that still fits a cell or caption."""

MAX_STEPS = 4096
"""Steps of an animation: 64 × 64 results."""

MAX_LIVE_STEPS = 1000
"""Steps of a figure that plays in the studio: about ten seconds until it does."""

MAX_STOPS = 1000
"""Stops of the point on a curve: the curve is redrawn for each."""

MAX_COVERED = 100_000
"""Cells covered by the window, summed over all steps: each is a change to store and to draw."""

MIN_WIDTH, MAX_WIDTH = 320, 3840
"""Pixels of a frame's width."""

MAX_PIXELS, MAX_PACKED_PIXELS, MAX_WHOLE_PIXELS = 2_200_000_000, 850_000_000, 500_000_000
"""Pixels of all pictures of a GIF, of an animation that takes longer to pack, WebP and APNG, and of one of which
every picture is stored whole: video, PNG frames."""

MAX_PAGES, MAX_PAGE_CELLS = 800, 1_300_000
"""Pages of a PDF, and cells on all of them: each page is drawn whole."""

LEAST_PIXELS = 500_000
"""The least that a picture counts for: drawing text and cells in a small one takes as long as at 960 × 540 pixels."""

MIN_FONT_SCALE, MAX_FONT_SCALE = 1.0, 2.0
"""Scale of all text."""

MAX_TWEEN, TWEEN, MOST_TWEENED = 30, 5, 60
"""Frames in which a window moves to its next position: the maximum, the default, and the largest number of steps for
which GIF, APNG and WebP have them by default."""

MIN_GLIDE_MILLISECONDS = 500
"""Milliseconds that a step must last for windows to glide by default."""

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
"""Channels of a map in a network."""

MAX_SHEETS = 2048
"""Channels or filters of an array: not all are drawn, as those in between become one sum."""

MAX_CLASSES = 50
"""Classes that a network may predict."""

MAX_WEIGHTS, MAX_PRODUCTS, MAX_MAP_VALUES = 1_000_000, 50_000_000, 500_000
"""Weights of a network, products of its forward run, and values in all its maps."""

MAX_SWEEP = 10_000
"""Figures of one sweep of a figure set."""
