//! What a person (or a machine) sees of a run: listeners to events. A new callback is one file and one line in `registry`.
