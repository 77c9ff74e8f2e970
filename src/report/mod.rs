//! Renderings of a run record. Knows no live side and no clock.
