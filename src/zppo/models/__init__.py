"""Loading models, and what stands between prompts and a model: rendering, media, and the opening of a response."""
