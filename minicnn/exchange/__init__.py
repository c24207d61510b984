"""Networks and weights of others: in and out."""
