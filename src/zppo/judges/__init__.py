"""Judges: models that compare a response with a reference answer."""
