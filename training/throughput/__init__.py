"""How fast pretraining is on this machine: rates, floating-point operations, and a plain step to compare with."""
