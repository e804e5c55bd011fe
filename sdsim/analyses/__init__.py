"""What the spread of outcomes comes from, and what follows for decisions: a file a method.

Arrays in, frozen results out; runs lie along the first axis and every further axis (outcomes,
times) is worked on at once. Nothing here knows models, files or pictures.
"""
