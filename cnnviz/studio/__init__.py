"""A local page on which a parameter is changed and the figure follows."""
