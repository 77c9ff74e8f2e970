//! The command line: arguments, options, terminal.
