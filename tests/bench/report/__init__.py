"""Tables of the figures: absolute, as multiples of the hand-written endpoint, and the aims."""
