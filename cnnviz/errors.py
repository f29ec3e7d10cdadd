"""The two ways in which a request can fail: the request is wrong, or the world is."""


class CnnvizError(Exception):
    """A failure that the user sees as one line; `exit_code` is the process's."""

    exit_code = 1


class UsageError(CnnvizError, ValueError):
    """What was asked for cannot be: a bad value, a contradiction, an unknown name."""

    exit_code = 2
