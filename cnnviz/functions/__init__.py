"""Functions of a figure defined as trees (activations, losses, surfaces), and every operation computed by its name."""
