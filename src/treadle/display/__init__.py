"""What views of several rooms share: one scale of colours, the frame of a page, text made readable."""
