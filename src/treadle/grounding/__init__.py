"""What a draft may say: grammars made of what is known (schemas, installed names, columns), as guides for engines."""
