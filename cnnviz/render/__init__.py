"""From a storyboard to frames: themes, text, layout in whole pixels, and the painters of panels."""
