"""How deeply values may be nested: the bound of both ends of the codec."""

DEPTH_MAX = 1500
