"""The questions as data: their types, defaults, conditions and text rules, and the releases that have them."""
