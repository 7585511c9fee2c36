"""From figures to tables: absolute ones, multiples of the hand-written endpoint, and the aims."""
