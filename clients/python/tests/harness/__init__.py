"""What the tests of the Python clients stand on."""
