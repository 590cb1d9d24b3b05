"""What bench/instructions counts: a program that does one step of the data plane over and over, and its accepted counts."""
