"""The figures, one file each: parameters, and how they become a storyboard."""
