"""A reward model in this process, through `transformers`, and the server around it.

torch and transformers are imported where a model is loaded and nowhere else: the extra `[transformers]` brings them.
"""
