"""What things are: frozen values, words and pure rules. Standard library only, no I/O, no clock."""
