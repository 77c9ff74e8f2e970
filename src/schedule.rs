//! Arrivals, blocks and their order. Pure: made beforehand from a seed, the same for both sides.
