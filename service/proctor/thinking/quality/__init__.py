"""How good an attached model is: accuracy on preference pairs, and the range of its raw scores."""
