"""What is learnt: each objective a pure function of tensors or of token ids, with no model, file or loop in it."""
