//! Problems with a place in a file, shown with the line and a caret.
