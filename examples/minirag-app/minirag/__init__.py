"""A small async app on the models of this repository, as a user of headstart would have it."""
