"""Operations number by number, the loss, and the update of the parameters."""
