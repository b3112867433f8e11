"""Networks of our own: layers, decoding and losses. Nothing here reads files of images."""
