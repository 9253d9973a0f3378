"""What reads foreign bytes, against input that nobody would think of."""
