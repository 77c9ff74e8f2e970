//! Evidence → verdict. Pure: no clock, no network, nothing awaited.
