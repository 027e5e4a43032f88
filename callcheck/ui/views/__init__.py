"""What the screens show, as lines of styled text: pure functions of a run's state, a width and a language."""
