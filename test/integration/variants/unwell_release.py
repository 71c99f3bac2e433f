"""Release 1 whose /health fails on every schema, its own included."""

OPPORTUNITY_SCORE = "score"
PAPERS_HAVE_SCORES = False
RELEASE = 1
SCHEMA = "none that exists"
