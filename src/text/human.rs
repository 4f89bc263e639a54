//! Figures for humans: bytes, rates, shares, ages. Fixed widths where columns need them.
