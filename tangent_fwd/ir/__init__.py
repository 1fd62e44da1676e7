"""The intermediate representation: nodes, ways to walk them, and how to print and check them."""
